import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { isId, newId } from '../../protocol/ids.js';
import { DomainError } from '../common/domain-error.js';
import type { Page } from '../common/page.dto.js';
import { paginate } from '../common/paging.js';
import { Waiter } from '../common/wait.js';
import { Database } from '../database/database.js';
import { readRows, readWithChildren } from '../database/read-rows.js';
import type { JobEventQueryDto } from './dto/job-event-query.dto.js';
import type { JobEventDto } from './dto/job-event.dto.js';
import { JOB_SORT, type JobQueryDto } from './dto/job-query.dto.js';
import { type JobDto, toJobDto } from './dto/job.dto.js';
import { HostPresence } from './host-presence.js';
import { ACTIVE_JOB_STATUSES, Job } from './job.entity.js';
import { JobAttempt } from './job-attempt.entity.js';
import { JobHistory } from './job-history.js';

/** What other features may know of a job. */
export type JobView = Pick<
  Job,
  'id' | 'jobId' | 'status' | 'hostId' | 'containerId' | 'protected' | 'unprotectedReason' | 'policy' | 'lastKnownAt'
>;

export interface ImageSizes {
  residentBytes: number;
  writableLayerBytes: number | null;
  totalBytes: number;
}

@Injectable()
export class JobsService {
  constructor(
    private readonly database: Database,
    private readonly waiter: Waiter,
    private readonly history: JobHistory,
    private readonly presence: HostPresence,
  ) {}

  async list(query: JobQueryDto): Promise<Page<JobDto>> {
    const builder = this.database.repository(Job).createQueryBuilder('job');
    const { status, jobQueue, hostId, jobName, arrayParentId } = query;
    if (status) builder.andWhere('job.status = :status', { status });
    if (jobQueue) builder.andWhere('job.jobQueue = :jobQueue', { jobQueue });
    if (jobName) builder.andWhere('job.jobName = :jobName', { jobName });
    if (arrayParentId) builder.andWhere('job.arrayParentId = :arrayParentId', { arrayParentId });
    if (hostId) builder.andWhere('job.hostId = :hostId', { hostId });
    if (query.protected !== undefined) builder.andWhere('job.protected = :protected', { protected: query.protected });
    const page = await paginate(builder, query, { sortable: JOB_SORT, defaultSort: '-createdAt', map: (row) => row });
    return { ...page, items: await this.toDtos(page.items) };
  }

  /** By our id or AWS Batch's. Honours `?wait`: answers on the next change, or at once when nothing can change any more. */
  async get(id: string): Promise<JobDto> {
    const ours = isId('job', id) ? id : (await this.find(id)).id;
    const read = async (): Promise<JobDto> => {
      const found = await readWithChildren(this.database, Job, 'id', ours, JobAttempt, 'jobId');
      if (found === null) throw unknownJob(id);
      return toJobDto(found.row, found.children);
    };
    return this.waiter.wait(
      'job',
      ours,
      read,
      (now, first) => now.version !== first.version || now.status === 'SUCCEEDED',
    );
  }

  async listEvents(id: string, query: JobEventQueryDto): Promise<Page<JobEventDto>> {
    const { id: ours } = await this.find(id);
    return this.history.list(ours, query);
  }

  /** By our id or AWS Batch's. */
  async find(id: string): Promise<JobView> {
    return this.row(id);
  }

  /** The same, its row locked until the transaction ends: what is decided about the job then stays true. */
  async lock(id: string): Promise<JobView> {
    return this.row(id, true);
  }

  /**
   * The jobs of these AWS ids, each made known if it was not, and locked until the transaction ends; always in the same
   * order, so that two batches of reports cannot block each other. AWS id -> ours.
   */
  async lockAll(awsIds: readonly string[]): Promise<Map<string, string>> {
    const wanted = [...new Set(awsIds)].sort();
    if (wanted.length === 0) return new Map();
    await this.database.manager.query(
      `insert into jobs (id, version, job_id)
       select id, 1, job_id from unnest($1::text[], $2::text[]) as wanted (id, job_id)
       where not exists (select 1 from jobs where jobs.job_id = wanted.job_id)
       order by job_id on conflict (job_id) do nothing`,
      [wanted.map(() => newId('job')), wanted],
    );
    const rows: { id: string; job_id: string }[] = await this.database.manager.query(
      'select id, job_id from jobs where job_id = any($1) order by job_id for update',
      [wanted],
    );
    return new Map(rows.map((row) => [row.job_id, row.id]));
  }

  /** The host says that it is there and has told all it knows: what is recorded of its jobs is true as of now. */
  async confirm(hostId: string): Promise<void> {
    await this.database.manager.query(
      'update jobs set last_known_at = greatest(last_known_at, now()) where host_id = $1 and status = any($2)',
      [hostId, ACTIVE_JOB_STATUSES],
    );
    await this.presence.returned(hostId);
  }

  /** Jobs whose newest container runs on one of these hosts. */
  async runningOn(hostIds: readonly string[]): Promise<Pick<JobView, 'id' | 'hostId' | 'containerId'>[]> {
    return this.database.repository(Job).find({
      select: { id: true, hostId: true, containerId: true },
      where: { hostId: In([...hostIds]), status: In(ACTIVE_JOB_STATUSES) },
      order: { id: 'ASC' },
    });
  }

  /** Whether this host has, or had, a container of the job. */
  async hasRunOn(id: string, hostId: string): Promise<boolean> {
    return this.database.repository(JobAttempt).existsBy({ jobId: id, hostId });
  }

  async noteImage(id: string, { residentBytes, writableLayerBytes, totalBytes }: ImageSizes): Promise<void> {
    await this.database.manager.query(
      `update jobs set version = version + 1, updated_at = now(),
              peak_resident_bytes = greatest(peak_resident_bytes, $2::bigint),
              peak_writable_layer_bytes = greatest(peak_writable_layer_bytes, $3::bigint),
              peak_image_bytes = greatest(peak_image_bytes, $4::bigint)
        where id = $1`,
      [id, residentBytes, writableLayerBytes, totalBytes],
    );
  }

  /** AWS Batch's ids of jobs, by ours. */
  async awsIds(ids: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.database
      .repository(Job)
      .find({ select: { id: true, jobId: true }, where: { id: In([...new Set(ids)]) } });
    return new Map(rows.map((row) => [row.id, row.jobId]));
  }

  private async row(id: string, lock = false): Promise<Job> {
    const row = await this.database.repository(Job).findOne({
      where: isId('job', id) ? { id } : { jobId: id },
      ...(lock ? { lock: { mode: 'pessimistic_write' as const } } : {}),
    });
    if (row !== null) return row;
    throw unknownJob(id);
  }

  private async toDtos(jobs: readonly Job[]): Promise<JobDto[]> {
    const ids = jobs.map((job) => job.id);
    const attempts = await readRows(this.database, JobAttempt, 'jobId', ids);
    const byJob = Map.groupBy(attempts, (attempt) => attempt.jobId);
    return jobs.map((job) => toJobDto(job, byJob.get(job.id) ?? []));
  }
}

function unknownJob(id: string): DomainError {
  return new DomainError(
    'not-found',
    `There is no job ${id}. A job is known from when AWS Batch lists it in a queue of a registered environment, or a host reports its container.`,
  );
}
