import { ApiSchema } from '@nestjs/swagger';
import { exampleId, IdField } from '../../common/fields.js';

@ApiSchema({ name: 'CreateRestore' })
export class CreateRestoreDto {
  static readonly example: CreateRestoreDto = { checkpointId: exampleId('checkpoint') };

  @IdField('checkpoint', { description: 'A committed one.' })
  checkpointId: string;

  @IdField('host', { optional: true, description: 'Where to continue. Absent: a suitable host is chosen.' })
  hostId?: string;
}
