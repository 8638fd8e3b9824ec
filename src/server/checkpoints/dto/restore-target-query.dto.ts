import { EnumField } from '../../common/fields.js';
import { PageQueryDto } from '../../common/page.dto.js';
import { SortField } from '../../common/paging.js';
import { HOST_SORT } from '../../hosts/dto/host-query.dto.js';

export class RestoreTargetQueryDto extends PageQueryDto {
  @EnumField(['online', 'offline'], 'RestoreTargetStatus', {
    optional: true,
    description: 'Only hosts in this status.',
    example: 'online',
  })
  status?: 'online' | 'offline';

  @SortField(HOST_SORT, 'HostSort', '-createdAt')
  sort?: string;
}
