import { BooleanField } from '../../common/fields.js';

export class RemoveComputeEnvironmentQueryDto {
  @BooleanField({
    query: true,
    optional: true,
    default: false,
    description: 'true: unregister although jobs are running there. They run on, unprotected from then on.',
    example: false,
  })
  force?: boolean;
}
