import { ApiSchema } from '@nestjs/swagger';
import { BooleanField } from '../../common/fields.js';
import { LabelsField, type LabelsPatch } from '../../common/labels.js';

@ApiSchema({ name: 'UpdateCheckpoint' })
export class UpdateCheckpointDto {
  static readonly example: UpdateCheckpointDto = { pinned: true, labels: { keep: 'before the long step' } };

  @BooleanField({
    optional: true,
    description:
      'true: keep it when newer ones would push it out, and when the job ends. Hosts learn of it with their next heartbeat.',
    example: true,
  })
  pinned?: boolean;

  @LabelsField({ patch: true })
  labels?: LabelsPatch;
}
