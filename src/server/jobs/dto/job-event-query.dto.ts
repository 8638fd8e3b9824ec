import { JOB_EVENT_TYPES, type JobEventType } from '../../../protocol/agent-api.js';
import { EnumField } from '../../common/fields.js';
import { PageQueryDto } from '../../common/page.dto.js';
import { SortField } from '../../common/paging.js';

export const JOB_EVENT_SORT = { happenedAt: 'happenedAt' } as const;

export class JobEventQueryDto extends PageQueryDto {
  @EnumField(JOB_EVENT_TYPES, 'JobEventType', { optional: true, description: 'Only those of this type.' })
  type?: JobEventType;

  @SortField(JOB_EVENT_SORT, 'JobEventSort', '-happenedAt')
  sort?: string;
}
