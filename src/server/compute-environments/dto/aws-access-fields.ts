import { StringField } from '../../common/fields.js';
import { REGION_PATTERN, ROLE_ARN_PATTERN } from '../environment-arn.js';

/** The three members that say how AWS is asked, for creation and for patches. */
export function RegionField(): PropertyDecorator {
  return StringField({
    optional: true,
    nullable: true,
    maxLength: 32,
    pattern: REGION_PATTERN,
    patternMessage: 'region must be an AWS region such as us-east-1',
    description:
      'Where AWS Batch has it. With a region it is read from AWS and kept in step; null: it is known by its name only, and AWS is never asked.',
    example: 'us-east-1',
  });
}

export function RoleArnField(): PropertyDecorator {
  return StringField({
    optional: true,
    nullable: true,
    maxLength: 2048,
    pattern: ROLE_ARN_PATTERN,
    patternMessage: 'roleArn must be the ARN of an IAM role such as arn:aws:iam::123456789012:role/batchpoint',
    description: "A role to assume, where it is in another account; null: the server's own credentials.",
    example: 'arn:aws:iam::123456789012:role/batchpoint',
  });
}

/** AWS (IAM user guide, "The confused deputy problem"): an external id is an identifier and no secret. So it is shown. */
export function ExternalIdField(): PropertyDecorator {
  return StringField({
    optional: true,
    nullable: true,
    minLength: 2,
    maxLength: 1224,
    pattern: /^[\w+=,.@:/-]*$/,
    patternMessage: 'externalId must consist of letters, digits and +=,.@:/-_',
    description: "What that role's trust policy asks for. It is no secret.",
    example: 'batchpoint-genomics',
  });
}
