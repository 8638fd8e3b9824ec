import { RESTORE_STATUSES, type RestoreStatus } from '../../../protocol/checkpoint-state.js';
import { EnumField, IdField, StringField } from '../../common/fields.js';
import { PageQueryDto } from '../../common/page.dto.js';
import { SortField } from '../../common/paging.js';
import { RESTORE_TRIGGERS, type RestoreTrigger } from '../restore.entity.js';

export const RESTORE_SORT = { createdAt: 'createdAt', updatedAt: 'updatedAt' } as const;

export class RestoreQueryDto extends PageQueryDto {
  @EnumField(RESTORE_STATUSES, 'RestoreStatus', { optional: true, description: 'Only those in this status.' })
  status?: RestoreStatus;

  @EnumField(RESTORE_TRIGGERS, 'RestoreTrigger', {
    optional: true,
    description: 'Only those that came about this way.',
  })
  trigger?: RestoreTrigger;

  @StringField({ optional: true, maxLength: 128, description: "Only those of this job: our id of it, or AWS Batch's." })
  jobId?: string;

  @IdField('checkpoint', { optional: true, description: 'Only those from this checkpoint.' })
  checkpointId?: string;

  @IdField('host', { optional: true, description: 'Only those on this host.' })
  hostId?: string;

  @SortField(RESTORE_SORT, 'RestoreSort', '-createdAt')
  sort?: string;
}
