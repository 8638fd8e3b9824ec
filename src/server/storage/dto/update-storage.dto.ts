import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { IsObject, ValidateIf } from 'class-validator';
import { NameField } from '../../common/fields.js';
import { LabelsField, type LabelsPatch } from '../../common/labels.js';
import { MountPathField } from './mount-path-field.js';
import { ExternalIdField, RoleArnField } from './role-fields.js';

@ApiSchema({
  name: 'UpdateStorage',
  description: 'Fields to change. `kind` cannot: settings of one kind mean nothing to another.',
})
export class UpdateStorageDto {
  static readonly example: UpdateStorageDto = { labels: { team: 'imaging' } };

  @NameField({ optional: true, description: 'Unique among storages.', example: 'checkpoints' })
  name?: string;

  @MountPathField({ optional: true })
  mountPath?: string;

  @ApiProperty({
    type: 'object',
    selfRequired: false,
    additionalProperties: true,
    description:
      "Fields of the kind's settings to change; null puts one back to its default. A secret that is left out stays.",
    example: { mountOptions: ['noresvport'] },
  })
  @ValidateIf((_, value: unknown) => value !== undefined)
  @IsObject({ message: 'settings must be an object' })
  settings?: Record<string, unknown>;

  @LabelsField({ patch: true })
  labels?: LabelsPatch;

  @RoleArnField()
  roleArn?: string | null;

  @ExternalIdField()
  externalId?: string | null;
}
