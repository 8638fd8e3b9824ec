import { BooleanField, EnumField, IdField } from '../../common/fields.js';
import { PageQueryDto } from '../../common/page.dto.js';
import { SortField } from '../../common/paging.js';
import { HOST_STATUSES, type HostStatus } from '../host-status.js';

export const HOST_SORT = { createdAt: 'createdAt', updatedAt: 'updatedAt' } as const;

export class HostQueryDto extends PageQueryDto {
  @EnumField(HOST_STATUSES, 'HostStatus', { optional: true, description: 'Only those in this status.' })
  status?: HostStatus;

  @IdField('computeEnvironment', { optional: true, description: 'Only those of this compute environment.' })
  computeEnvironmentId?: string;

  @BooleanField({
    query: true,
    optional: true,
    description: 'Only those that are, or are not, being drained.',
    example: false,
  })
  draining?: boolean;

  @SortField(HOST_SORT, 'HostSort', '-createdAt')
  sort?: string;
}
