import { ApiSchema } from '@nestjs/swagger';
import { exampleId, IdField, NestedField, StringField } from '../../common/fields.js';
import { LabelsField } from '../../common/labels.js';
import { PolicyOverrideDto } from '../../settings/dto/policy.dto.js';
import { ENVIRONMENT_ARN_PATTERN } from '../environment-arn.js';
import { ExternalIdField, RegionField, RoleArnField } from './aws-access-fields.js';
import { InstanceTypesField } from './instance-types-field.js';

/** AWS Batch: up to 128 letters, digits, hyphens and underscores (API reference, CreateComputeEnvironment). */
export const ENVIRONMENT_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

@ApiSchema({ name: 'CreateComputeEnvironment', description: 'A compute environment to be registered.' })
export class CreateComputeEnvironmentDto {
  static readonly example: CreateComputeEnvironmentDto = {
    name: 'spot-m6i',
    storageId: exampleId('storage'),
    instanceTypes: ['m6i.xlarge', 'm6i.2xlarge'],
    policy: { interval: '5m' },
    labels: { team: 'genomics' },
  };
  static readonly otherExamples = {
    'in AWS, with its instance types from there': {
      region: 'us-east-1',
      name: 'spot-m6i',
      storageId: exampleId('storage'),
    } satisfies CreateComputeEnvironmentDto,
    'in another account': {
      arn: 'arn:aws:batch:eu-west-1:210987654321:compute-environment/spot-m6i',
      roleArn: 'arn:aws:iam::210987654321:role/batchpoint',
      externalId: 'batchpoint-genomics',
    } satisfies CreateComputeEnvironmentDto,
  };

  @StringField({
    optional: true,
    description: "AWS Batch's own name of it. Jobs are matched by it. Not needed with `arn`.",
    maxLength: 128,
    pattern: ENVIRONMENT_NAME_PATTERN,
    patternMessage:
      'name must be a name AWS Batch allows: letters, digits, "-" and "_", starting with a letter or digit',
    example: 'spot-m6i',
  })
  name?: string;

  @StringField({
    optional: true,
    description: 'Its ARN, which says name and region too.',
    maxLength: 300,
    pattern: ENVIRONMENT_ARN_PATTERN,
    patternMessage:
      'arn must be that of a compute environment, such as arn:aws:batch:us-east-1:123456789012:compute-environment/spot-m6i',
    example: 'arn:aws:batch:us-east-1:123456789012:compute-environment/spot-m6i',
  })
  arn?: string;

  @RegionField()
  region?: string | null;

  @RoleArnField()
  roleArn?: string | null;

  @ExternalIdField()
  externalId?: string | null;

  @IdField('storage', {
    optional: true,
    nullable: true,
    description: 'Where its checkpoints go. Without one nothing is protected.',
  })
  storageId?: string | null;

  @InstanceTypesField()
  instanceTypes?: string[];

  @NestedField(() => PolicyOverrideDto, {
    optional: true,
    description: 'What is to differ here from the system policy.',
  })
  policy?: PolicyOverrideDto;

  @LabelsField()
  labels?: Record<string, string>;
}
