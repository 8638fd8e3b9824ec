import { BooleanField, EnumField, IdField, StringField } from '../../common/fields.js';
import { PageQueryDto } from '../../common/page.dto.js';
import { SortField } from '../../common/paging.js';
import { JOB_STATUSES, type JobStatus } from '../job.entity.js';

export const JOB_SORT = { createdAt: 'createdAt', updatedAt: 'updatedAt' } as const;

export class JobQueryDto extends PageQueryDto {
  @EnumField(JOB_STATUSES, 'JobStatus', { optional: true, description: 'Only those in this status.' })
  status?: JobStatus;

  @StringField({ optional: true, maxLength: 128, description: 'Only those of this job queue.', example: 'spot' })
  jobQueue?: string;

  @StringField({ optional: true, maxLength: 128, description: 'Only those of this name.', example: 'align' })
  jobName?: string;

  @StringField({
    optional: true,
    maxLength: 128,
    description: "Only the children of the array of this id (AWS Batch's).",
    example: '0f3c6a86-6a0f-4f0c-9a49-6a5f5f0b6f0e',
  })
  arrayParentId?: string;

  @IdField('host', { optional: true, description: 'Only those whose newest attempt is, or was, on this host.' })
  hostId?: string;

  @BooleanField({
    query: true,
    optional: true,
    description: 'Only those that can, or cannot, be checkpointed.',
    example: true,
  })
  protected?: boolean;

  @SortField(JOB_SORT, 'JobSort', '-createdAt')
  sort?: string;
}
