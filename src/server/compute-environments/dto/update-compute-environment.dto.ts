import { ApiSchema } from '@nestjs/swagger';
import { IdField, NestedField } from '../../common/fields.js';
import { LabelsField, type LabelsPatch } from '../../common/labels.js';
import { PolicyOverrideDto } from '../../settings/dto/policy.dto.js';
import { ExternalIdField, RegionField, RoleArnField } from './aws-access-fields.js';
import { EventsQueueUrlField } from './events-queue-url-field.js';
import { InstanceTypesField } from './instance-types-field.js';

@ApiSchema({
  name: 'UpdateComputeEnvironment',
  description: 'Fields to change. The name cannot, as it cannot in AWS Batch.',
})
export class UpdateComputeEnvironmentDto {
  static readonly example: UpdateComputeEnvironmentDto = { policy: { interval: '10m' } };

  @IdField('storage', {
    optional: true,
    nullable: true,
    description: 'Where its checkpoints go from now on; null: nowhere.',
  })
  storageId?: string | null;

  @InstanceTypesField()
  instanceTypes?: string[];

  @NestedField(() => PolicyOverrideDto, {
    optional: true,
    nullable: true,
    description: 'Null, whole or for a field, inherits the system policy.',
  })
  policy?: PolicyOverrideDto | null;

  @RegionField()
  region?: string | null;

  @RoleArnField()
  roleArn?: string | null;

  @ExternalIdField()
  externalId?: string | null;

  @EventsQueueUrlField()
  eventsQueueUrl?: string | null;

  @LabelsField({ patch: true })
  labels?: LabelsPatch;
}
