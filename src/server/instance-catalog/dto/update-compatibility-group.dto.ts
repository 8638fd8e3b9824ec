import { ApiSchema } from '@nestjs/swagger';
import { NameField, StringField } from '../../common/fields.js';
import { LabelsField, type LabelsPatch } from '../../common/labels.js';
import { GroupInstanceTypesField } from './group-instance-types-field.js';

@ApiSchema({ name: 'UpdateCompatibilityGroup', description: 'Fields to change.' })
export class UpdateCompatibilityGroupDto {
  static readonly example: UpdateCompatibilityGroupDto = {
    instanceTypes: ['m6i.xlarge', 'm6id.xlarge', 'm6i.2xlarge'],
  };

  @NameField({ optional: true, description: 'Unique among compatibility groups.', example: 'ice-lake' })
  name?: string;

  @StringField({ optional: true, nullable: true, maxLength: 500, example: 'Restored from each other in March' })
  description?: string | null;

  @GroupInstanceTypesField({ optional: true })
  instanceTypes?: string[];

  @LabelsField({ patch: true })
  labels?: LabelsPatch;
}
