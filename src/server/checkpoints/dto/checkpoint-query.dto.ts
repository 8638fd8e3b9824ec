import {
  CHECKPOINT_STATUSES,
  CHECKPOINT_TRIGGERS,
  type CheckpointStatus,
  type CheckpointTrigger,
} from '../../../protocol/checkpoint-state.js';
import { BooleanField, EnumField, IdField, StringField } from '../../common/fields.js';
import { PageQueryDto } from '../../common/page.dto.js';
import { SortField } from '../../common/paging.js';

export const CHECKPOINT_SORT = { createdAt: 'createdAt', updatedAt: 'updatedAt' } as const;

/** Filters for the checkpoints of one job. */
export class JobCheckpointQueryDto extends PageQueryDto {
  @EnumField(CHECKPOINT_STATUSES, 'CheckpointStatus', {
    optional: true,
    description: 'Only those in this status.',
    example: 'committed',
  })
  status?: CheckpointStatus;

  @EnumField(CHECKPOINT_TRIGGERS, 'CheckpointTrigger', {
    optional: true,
    description: 'Only those taken for this reason.',
  })
  trigger?: CheckpointTrigger;

  @BooleanField({ query: true, optional: true, description: 'Only those that are, or are not, pinned.' })
  pinned?: boolean;

  @SortField(CHECKPOINT_SORT, 'CheckpointSort', '-createdAt')
  sort?: string;
}

export class CheckpointQueryDto extends JobCheckpointQueryDto {
  @StringField({ optional: true, maxLength: 128, description: "Only those of this job: our id of it, or AWS Batch's." })
  jobId?: string;

  @IdField('host', { optional: true, description: 'Only those taken on this host.' })
  hostId?: string;

  @IdField('storage', { optional: true, description: 'Only those on this storage.' })
  storageId?: string;
}
