import { ApiSchema } from '@nestjs/swagger';
import { BooleanField } from '../../common/fields.js';
import { LabelsField, type LabelsPatch } from '../../common/labels.js';

@ApiSchema({ name: 'UpdateHost' })
export class UpdateHostDto {
  static readonly example: UpdateHostDto = { draining: true, labels: { team: 'genomics' } };

  @BooleanField({ optional: true, description: 'true: place no restores here.', example: true })
  draining?: boolean;

  @LabelsField({ patch: true })
  labels?: LabelsPatch;
}
