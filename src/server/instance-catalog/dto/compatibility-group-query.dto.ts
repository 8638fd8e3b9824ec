import { BooleanField, NameField, StringField } from '../../common/fields.js';
import { PageQueryDto } from '../../common/page.dto.js';
import { type Sortable, SortField } from '../../common/paging.js';
import type { CompatibilityGroup } from '../compatibility-group.entity.js';

export const COMPATIBILITY_GROUP_SORT = {
  createdAt: 'createdAt',
  name: 'name',
} as const satisfies Sortable<CompatibilityGroup>;

export class CompatibilityGroupQueryDto extends PageQueryDto {
  @NameField({ optional: true, description: 'Only the group of this name.', example: 'ice-lake' })
  name?: string;

  @BooleanField({ query: true, optional: true, description: 'Only the built-in groups, or only your own.' })
  builtIn?: boolean;

  @StringField({ optional: true, maxLength: 64, description: 'Only groups with this type.', example: 'm6i.xlarge' })
  instanceType?: string;

  @SortField(Object.keys(COMPATIBILITY_GROUP_SORT), 'CompatibilityGroupSort', 'name')
  sort?: string;
}
