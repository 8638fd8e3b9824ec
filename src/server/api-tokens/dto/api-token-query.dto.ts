import { ROLES, type Role } from '../../auth/role.js';
import { EnumField } from '../../common/fields.js';
import { PageQueryDto } from '../../common/page.dto.js';
import { type Sortable, SortField } from '../../common/paging.js';
import type { ApiToken } from '../api-token.entity.js';

export const API_TOKEN_SORT = { createdAt: 'createdAt', name: 'name' } as const satisfies Sortable<ApiToken>;

export class ApiTokenQueryDto extends PageQueryDto {
  @EnumField(ROLES, 'Role', { optional: true, description: 'Only tokens of this role.' })
  role?: Role;

  @SortField(Object.keys(API_TOKEN_SORT), 'ApiTokenSort', '-createdAt')
  sort?: string;
}
