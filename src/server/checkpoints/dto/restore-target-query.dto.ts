import { EnumField, IdField, StringField } from '../../common/fields.js';
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

  @StringField({
    optional: true,
    maxLength: 64,
    description: 'Only this instance type, whether or not the environment may launch it, and hosts of it.',
    example: 'm7i.xlarge',
  })
  instanceType?: string;

  @IdField('compatibilityGroup', {
    optional: true,
    description: 'Only the instance types of this compatibility group, and hosts of them.',
  })
  compatibilityGroupId?: string;

  @SortField(HOST_SORT, 'HostSort', '-createdAt')
  sort?: string;
}
