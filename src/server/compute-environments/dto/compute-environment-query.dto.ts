import { IdField, StringField } from '../../common/fields.js';
import { PageQueryDto } from '../../common/page.dto.js';
import { type Sortable, SortField } from '../../common/paging.js';
import type { ComputeEnvironment } from '../compute-environment.entity.js';

export const COMPUTE_ENVIRONMENT_SORT = {
  createdAt: 'createdAt',
  name: 'name',
} as const satisfies Sortable<ComputeEnvironment>;

export class ComputeEnvironmentQueryDto extends PageQueryDto {
  @StringField({
    optional: true,
    maxLength: 128,
    description: 'Only the environment of this name.',
    example: 'spot-m6i',
  })
  name?: string;

  @IdField('storage', { optional: true, description: 'Only environments with this storage.' })
  storageId?: string;

  @SortField(Object.keys(COMPUTE_ENVIRONMENT_SORT), 'ComputeEnvironmentSort', '-createdAt')
  sort?: string;
}
