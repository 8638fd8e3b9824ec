import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import type { Page } from '../common/page.dto.js';
import { paginate } from '../common/paging.js';
import { Waiter } from '../common/wait.js';
import { Database } from '../database/database.js';
import { JobsService } from '../jobs/jobs.service.js';
import { Checkpoint } from './checkpoint.entity.js';
import { checkpointNotFound } from './checkpoints.service.js';
import { CHECKPOINT_SORT, type CheckpointQueryDto, type JobCheckpointQueryDto } from './dto/checkpoint-query.dto.js';
import { type CheckpointDto, toCheckpointDto } from './dto/checkpoint.dto.js';
import type { CommittedCheckpoint } from './restore-obstacles.js';

/** What is there, for people and for other features. */
@Injectable()
export class CheckpointReader {
  constructor(
    private readonly database: Database,
    private readonly waiter: Waiter,
    private readonly jobs: JobsService,
  ) {}

  async list(query: CheckpointQueryDto): Promise<Page<CheckpointDto>> {
    const { jobId, ...rest } = query;
    const job = jobId === undefined ? undefined : await this.jobs.find(jobId);
    return this.page(rest, query, job?.id);
  }

  async listOfJob(job: string, query: JobCheckpointQueryDto): Promise<Page<CheckpointDto>> {
    const { id } = await this.jobs.find(job);
    return this.page(query, query, id);
  }

  /** Honours `?wait`: answers when the checkpoint is over, one way or the other. */
  async get(id: string): Promise<CheckpointDto> {
    const read = async (): Promise<CheckpointDto> => {
      const row = await this.database.repository(Checkpoint).findOneBy({ id });
      if (row === null) throw checkpointNotFound(id);
      return toCheckpointDto(row);
    };
    return this.waiter.wait('checkpoint', id, read, ({ status }) => status !== 'pending' && status !== 'running');
  }

  /** Throws `checkpoint-not-committed` when it has no image. */
  async committed(id: string): Promise<CommittedCheckpoint & { jobId: string }> {
    const row = await this.database.repository(Checkpoint).findOneBy({ id });
    if (row === null) throw checkpointNotFound(id);
    if (row.status === 'committed') return row as CommittedCheckpoint & { jobId: string };
    throw new DomainError(
      'checkpoint-not-committed',
      `Checkpoint ${id} is ${row.status}; only a committed one can restore.`,
    );
  }

  /** Pinned images of the jobs whose newest attempt is on this host: what its agent must not prune. */
  async pinnedFor(hostId: string): Promise<string[]> {
    const rows: { id: string }[] = await this.database.manager.query(
      `select c.id from checkpoints c join jobs j on j.id = c.job_id
        where c.pinned and c.status in ('pending', 'running', 'committed') and j.host_id = $1 order by c.id`,
      [hostId],
    );
    return rows.map((row) => row.id);
  }

  private async page(
    filters: CheckpointQueryDto,
    query: JobCheckpointQueryDto,
    jobId: string | undefined,
  ): Promise<Page<CheckpointDto>> {
    const builder = this.database.repository(Checkpoint).createQueryBuilder('checkpoint');
    const { status, trigger, pinned, hostId, storageId } = filters;
    const equal = { jobId, status, trigger, pinned, hostId, storageId };
    for (const [name, value] of Object.entries(equal)) {
      if (value !== undefined) builder.andWhere(`checkpoint.${name} = :${name}`, { [name]: value });
    }
    return paginate(builder, query, { sortable: CHECKPOINT_SORT, defaultSort: '-createdAt', map: toCheckpointDto });
  }
}
