import { Injectable } from '@nestjs/common';
import type { JobEventType } from '../../protocol/agent-api.js';
import type { Failure } from '../../protocol/failure.js';
import { newId } from '../../protocol/ids.js';
import type { Page } from '../common/page.dto.js';
import { paginate } from '../common/paging.js';
import { Database } from '../database/database.js';
import { JOB_EVENT_SORT, type JobEventQueryDto } from './dto/job-event-query.dto.js';
import { type JobEventDto, toJobEventDto } from './dto/job-event.dto.js';
import { JobEvent } from './job-event.entity.js';

export interface NewJobEvent {
  /** Our id of the job. */
  jobId: string;
  type: JobEventType;
  happenedAt: Date;
  message: string;
  failure?: Failure | null;
  hostId?: string | null;
  containerId?: string | null;
  checkpointId?: string | null;
  restoreId?: string | null;
  /** What it tells of: told again, it is not written again. */
  sourceKey: string;
}

/** What happened to jobs, append only. */
@Injectable()
export class JobHistory {
  constructor(private readonly database: Database) {}

  async add(event: NewJobEvent): Promise<void> {
    await this.database
      .repository(JobEvent)
      .createQueryBuilder()
      .insert()
      .values({ ...event, id: newId('jobEvent') })
      .orIgnore()
      .execute();
  }

  async list(jobId: string, query: JobEventQueryDto): Promise<Page<JobEventDto>> {
    const builder = this.database
      .repository(JobEvent)
      .createQueryBuilder('event')
      .where('event.jobId = :jobId', { jobId });
    if (query.type) builder.andWhere('event.type = :type', { type: query.type });
    return paginate(builder, query, { sortable: JOB_EVENT_SORT, defaultSort: '-happenedAt', map: toJobEventDto });
  }
}
