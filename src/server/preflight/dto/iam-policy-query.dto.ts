import { EnumArrayField, StringArrayField, StringField } from '../../common/fields.js';
import { FUNCTIONALITIES, type Functionality } from '../iam/functionality.js';
import { ANYWHERE, partitionOf, type PolicyScope } from '../iam/policy-scope.js';
import { REGION_PATTERN } from './create-preflight.dto.js';

/** Names of resources, one or more; they go into ARNs as they are, so nothing that could be more than a name. */
const names = (description: string, example: string): PropertyDecorator =>
  StringArrayField({
    query: true,
    optional: true,
    maxItems: 20,
    maxLength: 128,
    pattern: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
    description: `${description} May be repeated.`,
    example: [example],
  });

export class IamPolicyQueryDto {
  @EnumArrayField(FUNCTIONALITIES, 'Functionality', {
    query: true,
    optional: true,
    description: 'What the policy is for. May be repeated.',
    example: ['dashboard', 'auto-ebs'],
  })
  functionality?: Functionality[];

  @StringField({
    optional: true,
    pattern: /^\d{12}$/,
    patternMessage: 'accountId must be the twelve digits of an AWS account',
    maxLength: 12,
    description: 'Only resources of this account.',
    example: '123456789012',
  })
  accountId?: string;

  @StringField({
    optional: true,
    pattern: REGION_PATTERN,
    patternMessage: 'region must be an AWS region such as us-east-1',
    maxLength: 32,
    description: 'Only resources in this region.',
    example: 'us-east-1',
  })
  region?: string;

  @names('Only these S3 buckets.', 'example-checkpoints')
  bucket?: string[];

  @names('Only these EFS file systems.', 'fs-0123456789abcdef0')
  fileSystemId?: string[];

  @names('Only these ElastiCache or MemoryDB clusters.', 'checkpoints-metadata')
  cacheName?: string[];

  @names('Only these launch templates.', 'lt-0123456789abcdef0')
  launchTemplateId?: string[];

  @names('Only these compute environments.', 'spot-m6i')
  computeEnvironmentName?: string[];

  @names('Only these SQS queues.', 'batchpoint-events')
  queueName?: string[];

  @names('Only these roles of other accounts.', 'batchpoint')
  roleName?: string[];
}

export function toPolicyScope({ accountId, region, ...query }: IamPolicyQueryDto): PolicyScope {
  const { bucket, fileSystemId, cacheName, launchTemplateId, computeEnvironmentName, queueName, roleName } = query;
  return {
    ...ANYWHERE,
    ...(accountId === undefined ? {} : { accountId }),
    ...(region === undefined ? {} : { region, partition: partitionOf(region) }),
    names: { bucket, fileSystemId, cacheName, launchTemplateId, computeEnvironmentName, queueName, roleName },
  };
}
