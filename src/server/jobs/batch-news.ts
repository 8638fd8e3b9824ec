import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import type { BatchJob, BatchJobSummary } from '../aws/batch-job.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { Database } from '../database/database.js';
import { lookAfterEvent, nextLook } from './batch-look.js';
import { type BatchState, isOver } from './batch-state.js';
import { batchFields } from './job-fields.js';
import type { Job } from './job.entity.js';
import { JobHistory } from './job-history.js';
import { JobRows, type KnownJob } from './job-rows.js';
import { JobsService } from './jobs.service.js';

/** Jobs AWS Batch is to be asked about, with the queue that says in whose name. */
export interface DueJob {
  jobId: string;
  queueArn: string;
}

/** Takes in what AWS Batch tells of jobs, by whatever way. Any order, any number of times. Times are milliseconds since 1970. */
@Injectable()
export class BatchNews {
  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
    private readonly history: JobHistory,
    private readonly jobs: JobsService,
    private readonly rows: JobRows,
  ) {}

  /** Jobs as described, asked for at that time. */
  async take(described: readonly BatchJob[], at: number): Promise<void> {
    await this.apply(described, at, (job, changed) => nextLook(job, changed, at));
  }

  /** A job as an event of that time told of it. */
  async takeEvent(job: BatchJob, at: number): Promise<void> {
    await this.apply([job], at, (merged, changed) => (changed ? lookAfterEvent(merged, Date.now()) : {}));
  }

  /**
   * Jobs as listed. Those not known are kept with what a list tells, those that differ from what is known are left as they are;
   * both are due to be described. How many.
   */
  async takeList(queueArn: string, listed: readonly BatchJobSummary[], at: number): Promise<number> {
    const states = await this.statesOf(listed.map((job) => job.jobId));
    const unknown = listed.filter((job) => states.get(job.jobId) === undefined);
    const differing = listed.filter((job) => {
      const state = states.get(job.jobId);
      return state !== undefined && differs(state, job);
    });
    const due = { batchDueAt: new Date(at), batchIntervalSeconds: null };
    await this.apply(
      unknown.map((job) => toJob(job, queueArn)),
      at,
      () => due,
    );
    await this.makeDue(
      differing.map((job) => job.jobId),
      at,
    );
    return unknown.length + differing.length;
  }

  /** Of these queues, the longest due first. */
  async due(queueArns: readonly string[], now: number, limit: number): Promise<DueJob[]> {
    const rows: { job_id: string; batch_queue_arn: string }[] = await this.database.manager.query(
      `select job_id, batch_queue_arn from jobs where batch_due_at <= $1 and batch_queue_arn = any($2)
        order by batch_due_at, id limit $3`,
      [new Date(now), queueArns, limit],
    );
    return rows.map((row) => ({ jobId: row.job_id, queueArn: row.batch_queue_arn }));
  }

  /** AWS Batch keeps an ended job for a while and then knows nothing of it: there is no more to ask. */
  async forgotten(awsIds: readonly string[]): Promise<void> {
    await this.database.manager.query('update jobs set batch_due_at = null where job_id = any($1)', [awsIds]);
  }

  /** What is kept of the counts of an array's children. */
  async childStatusesOf(awsIds: readonly string[]): Promise<Map<string, BatchState['childStatuses']>> {
    const states = await this.statesOf(awsIds);
    return new Map([...states].map(([id, state]) => [id, state.childStatuses]));
  }

  private async makeDue(awsIds: readonly string[], at: number): Promise<void> {
    await this.database.manager.query('update jobs set batch_due_at = least(batch_due_at, $2) where job_id = any($1)', [
      awsIds,
      new Date(at),
    ]);
  }

  private async statesOf(awsIds: readonly string[]): Promise<Map<string, BatchState>> {
    const rows: { job_id: string; batch_state: BatchState }[] = await this.database.manager.query(
      'select job_id, batch_state from jobs where job_id = any($1) and batch_state is not null',
      [awsIds],
    );
    return new Map(rows.map((row) => [row.job_id, row.batch_state]));
  }

  private async apply(
    told: readonly BatchJob[],
    at: number,
    look: (job: Job, changed: boolean) => Partial<Job>,
  ): Promise<void> {
    const byId = new Map(told.map((job) => [job.jobId, job]));
    await this.database.transaction(async () => {
      const ids = await this.jobs.lockAll([...byId.keys()]);
      const known = await this.rows.lock([...ids.values()]);
      const changed = known.map((one) => {
        const fields = batchFields(one.job, byId.get(one.job.jobId)!, at);
        const job: Job = Object.assign({}, one.job, fields);
        const lastKnownAt = knownUntil(one, job);
        return { ...one, changes: { ...fields, lastKnownAt, ...look(job, hasChanged(one.job, job)) } };
      });
      const seen = await this.rows.write(changed);
      for (const one of changed) await this.tell(one, one.changes.batchState!);
      await this.notifier.notifyAll(
        'job',
        seen.map((job) => job.id),
      );
    });
  }

  private async tell({ job, attempts }: KnownJob, now: BatchState): Promise<void> {
    const { id, batchState: before } = job;
    if (now.endedAttempts > (before?.endedAttempts ?? 0) && !isOver(now.status)) {
      const why = now.attemptReason === null ? '' : `: ${now.attemptReason}`;
      await this.history.add({
        jobId: id,
        type: 'job-retried',
        happenedAt: new Date(now.at),
        message: `AWS Batch queued the job again after attempt ${now.endedAttempts}${why}`,
        sourceKey: `${id}:batch:retry:${now.endedAttempts}`,
      });
    }
    if (!isOver(now.status) || (before !== null && isOver(before.status)) || attempts.length > 0) return;
    await this.history.add({
      jobId: id,
      type: now.status === 'SUCCEEDED' ? 'job-succeeded' : 'job-failed',
      happenedAt: new Date(now.stoppedAt ?? now.at),
      message: `AWS Batch says that the job ${now.status === 'SUCCEEDED' ? 'succeeded' : 'failed'}${now.statusReason === null ? '.' : `: ${now.statusReason}`}`,
      sourceKey: `${id}:batch:${now.status}`,
    });
  }
}

/** An answer of AWS Batch says how things are while no host does. */
function knownUntil({ hostIsThere }: KnownJob, { batchState, lastKnownAt }: Job): Date | null {
  if (hostIsThere || batchState === null) return lastKnownAt;
  return new Date(Math.max(lastKnownAt?.getTime() ?? 0, batchState.at));
}

function hasChanged(before: Job, after: Job): boolean {
  const plain = ({ batchState }: Job): object => ({ ...batchState, at: 0 });
  return before.batchState === null || !isDeepStrictEqual(plain(before), plain(after));
}

/** Whether a list shows a job in another light than it was last described in. */
function differs(known: BatchState, listed: BatchJobSummary): boolean {
  if (isOver(known.status)) return false;
  // A list may be silent on what a description tells.
  const told = (['statusReason', 'startedAt', 'stoppedAt', 'childStatuses'] as const).filter(
    (name) => listed[name] !== null,
  );
  return known.status !== listed.status || told.some((name) => !isDeepStrictEqual(known[name], listed[name]));
}

function toJob(listed: BatchJobSummary, queueArn: string): BatchJob {
  return {
    ...listed,
    // Kept only when the children have been read.
    childStatuses: null,
    queueArn,
    endedAttempts: 0,
    attemptReason: null,
    exitCode: null,
    vcpus: null,
    memoryMiB: null,
    image: null,
    command: null,
    maxAttempts: null,
    nodes: null,
    containers: [],
  };
}
