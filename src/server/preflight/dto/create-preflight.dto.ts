import { EnumArrayField, IdField, StringField } from '../../common/fields.js';
import { FUNCTIONALITIES, type Functionality } from '../iam/functionality.js';
import { PRINCIPAL_ARN_PATTERN } from '../iam/iam-principal.js';
import { PREFLIGHT_CHECKS, type PreflightCheck } from '../preflight-section.js';

export const REGION_PATTERN = /^[a-z]{2}(-[a-z]+)+-\d$/;

export class CreatePreflightDto {
  static readonly example: CreatePreflightDto = { checks: ['iam', 'storage', 'drivers', 'memory', 'root-volume'] };

  @IdField('computeEnvironment', { optional: true, nullable: true, description: 'Only this one; all when absent.' })
  computeEnvironmentId?: string | null;

  @EnumArrayField(PREFLIGHT_CHECKS, 'PreflightCheck', {
    optional: true,
    description: 'Only these; all when absent or empty.',
    example: ['iam', 'storage'],
  })
  checks?: PreflightCheck[];

  @EnumArrayField(FUNCTIONALITIES, 'Functionality', {
    optional: true,
    description:
      'What IAM permissions are looked at for. Absent or empty: dashboard, auto-ebs, registration, batch-sync, instance-types, quotas, ' +
      'launch-templates, and the kinds of storage in use.',
    example: ['dashboard', 'auto-ebs'],
  })
  functionalities?: Functionality[];

  @StringField({
    optional: true,
    nullable: true,
    maxLength: 600,
    pattern: PRINCIPAL_ARN_PATTERN,
    patternMessage: '$property must be the ARN of a role, user, assumed role or root user',
    description: "Whose permissions are looked at; the server's own when absent.",
    example: 'arn:aws:iam::123456789012:role/batchpoint',
  })
  principalArn?: string | null;

  @StringField({
    optional: true,
    nullable: true,
    maxLength: 32,
    pattern: REGION_PATTERN,
    patternMessage: '$property must be an AWS region such as us-east-1',
    description:
      "With all environments: look at the server's own permissions in this region too, whether or not an environment is there.",
    example: 'us-east-1',
  })
  region?: string | null;
}
