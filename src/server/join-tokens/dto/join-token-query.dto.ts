import { IdField } from '../../common/fields.js';
import { PageQueryDto } from '../../common/page.dto.js';
import { type Sortable, SortField } from '../../common/paging.js';
import type { JoinToken } from '../join-token.entity.js';

export const JOIN_TOKEN_SORT = { createdAt: 'createdAt', name: 'name' } as const satisfies Sortable<JoinToken>;

export class JoinTokenQueryDto extends PageQueryDto {
  @IdField('computeEnvironment', { optional: true, description: 'Only tokens of this compute environment.' })
  computeEnvironmentId?: string;

  @SortField(Object.keys(JOIN_TOKEN_SORT), 'JoinTokenSort', '-createdAt')
  sort?: string;
}
