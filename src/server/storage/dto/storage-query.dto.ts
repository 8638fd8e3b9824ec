import { EnumField, NameField } from '../../common/fields.js';
import { PageQueryDto } from '../../common/page.dto.js';
import { type Sortable, SortField } from '../../common/paging.js';
import type { Storage } from '../storage.entity.js';
import { STORAGE_KINDS, type StorageKind } from '../storage-kind.js';

export const STORAGE_SORT = { createdAt: 'createdAt', name: 'name' } as const satisfies Sortable<Storage>;

export class StorageQueryDto extends PageQueryDto {
  @EnumField(STORAGE_KINDS, 'StorageKind', { optional: true, description: 'Only storages of this kind.' })
  kind?: StorageKind;

  @NameField({ optional: true, description: 'Only the storage of this name.', example: 'checkpoints' })
  name?: string;

  @SortField(Object.keys(STORAGE_SORT), 'StorageSort', '-createdAt')
  sort?: string;
}
