import { BooleanField } from '../../common/fields.js';

export class DeleteCheckpointQueryDto {
  @BooleanField({
    query: true,
    optional: true,
    default: false,
    description: 'true: delete it even if it is the last image the running job can restore from.',
    example: false,
  })
  force?: boolean;
}
