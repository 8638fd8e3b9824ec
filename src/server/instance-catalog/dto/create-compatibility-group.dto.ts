import { ApiSchema } from '@nestjs/swagger';
import { NameField, StringField } from '../../common/fields.js';
import { LabelsField } from '../../common/labels.js';
import { GroupInstanceTypesField } from './group-instance-types-field.js';

@ApiSchema({ name: 'CreateCompatibilityGroup', description: 'A compatibility group of your own.' })
export class CreateCompatibilityGroupDto {
  static readonly example: CreateCompatibilityGroupDto = {
    name: 'ice-lake',
    description: 'Restored from each other in March',
    instanceTypes: ['m6i.xlarge', 'm6id.xlarge'],
    labels: { team: 'genomics' },
  };

  @NameField({ description: 'Unique among compatibility groups.', example: 'ice-lake' })
  name: string;

  @StringField({ optional: true, nullable: true, maxLength: 500, example: 'Restored from each other in March' })
  description?: string | null;

  @GroupInstanceTypesField()
  instanceTypes: string[];

  @LabelsField()
  labels?: Record<string, string>;
}
