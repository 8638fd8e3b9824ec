import { Injectable, Logger } from '@nestjs/common';
import type { AwsAccess } from '../aws/aws-access.js';
import { AwsError } from '../aws/aws-error.js';
import { BatchJobsApi, DESCRIBE_LIMIT } from '../aws/batch-jobs.api.js';
import { LinkedEnvironments } from '../compute-environments/linked-environments.js';
import { BatchNews, type DueJob } from '../jobs/batch-news.js';
import { AccessPauses } from './access-pauses.js';
import { CallBudgets } from './call-budgets.js';
import { Clock } from './clock.js';
import { JobReader } from './job-reader.js';
import { PacedBatch } from './paced-batch.js';
import { QueueReader } from './queue-reader.js';
import { accessKey, type ScopeQueue, type SyncScope } from './scopes.js';
import { SyncState } from './sync-state.js';

/** In turns: so many queues, then so many jobs, about as many as so many queues hold in a large account. */
const QUEUES_A_TURN = 20;
const JOBS_A_TURN = 2_000;
/** A queue that AWS Batch refuses by itself (it was deleted, say) is asked for again after so long. */
const REFUSED_QUEUE_MS = 5 * 60_000;

/** One run over an account and region: what failed in it, by queue. */
interface Run {
  batch: PacedBatch;
  failed: Set<string>;
}

/** Asks AWS Batch about all that is due in an account and region. */
@Injectable()
export class ScopeSync {
  private readonly logger = new Logger('BatchSync');

  constructor(
    private readonly api: BatchJobsApi,
    private readonly environments: LinkedEnvironments,
    private readonly state: SyncState,
    private readonly news: BatchNews,
    private readonly queues: QueueReader,
    private readonly jobs: JobReader,
    private readonly pauses: AccessPauses,
    private readonly budgets: CallBudgets,
    private readonly clock: Clock,
  ) {}

  /** `stillOurs` is asked before each turn; false ends the run. */
  async run({ key, queues }: SyncScope, stillOurs: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    const batch = new PacedBatch(this.api, this.budgets.of(key), signal);
    const all = [...queues.values()];
    const run: Run = { batch, failed: new Set() };
    let busy = true;
    while (busy && (await stillOurs())) {
      const open = all.filter(({ arn, access }) => !run.failed.has(arn) && !this.pauses.isPaused(access));
      const arns = open.map((queue) => queue.arn);
      const dueQueues = await this.state.dueQueues(arns, this.clock.now(), QUEUES_A_TURN);
      for (const state of dueQueues) await this.readQueue(run, all, queues.get(state.arn)!, state);
      const dueJobs = await this.news.due(arns, this.clock.now(), JOBS_A_TURN);
      await this.readJobs(run, all, queues, dueJobs);
      busy = dueQueues.length > 0 || dueJobs.length > 0;
    }
    await this.noteSuccess(run, all);
  }

  private async readQueue(
    run: Run,
    all: readonly ScopeQueue[],
    queue: ScopeQueue,
    state: Parameters<QueueReader['read']>[2],
  ): Promise<void> {
    if (this.pauses.isPaused(queue.access)) return;
    try {
      await this.queues.read(run.batch, queue, state);
      this.pauses.succeed(queue.access);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      if (error.code !== 'aws-rejected' && error.code !== 'aws-not-found')
        return this.failAccess(run, all, queue.access, error);
      await this.state.postpone([queue.arn], this.clock.now() + REFUSED_QUEUE_MS);
      await this.fail(run, [queue], error);
    }
  }

  private async readJobs(
    run: Run,
    all: readonly ScopeQueue[],
    queues: SyncScope['queues'],
    due: readonly DueJob[],
  ): Promise<void> {
    const byAccess = Map.groupBy(due, ({ queueArn }) => accessKey(queues.get(queueArn)!.access));
    for (const jobs of byAccess.values()) {
      const { access } = queues.get(jobs[0]!.queueArn)!;
      const ids = jobs.map((job) => job.jobId);
      for (let from = 0; from < ids.length && !this.pauses.isPaused(access); from += DESCRIBE_LIMIT) {
        try {
          await this.jobs.read(run.batch, access, ids.slice(from, from + DESCRIBE_LIMIT));
          this.pauses.succeed(access);
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          await this.failAccess(run, all, access, error);
        }
      }
    }
  }

  private async failAccess(run: Run, all: readonly ScopeQueue[], access: AwsAccess, error: AwsError): Promise<void> {
    this.pauses.fail(access);
    const same = all.filter((queue) => accessKey(queue.access) === accessKey(access));
    await this.fail(run, same, error);
  }

  private async fail(run: Run, queues: readonly ScopeQueue[], error: AwsError): Promise<void> {
    for (const { arn } of queues) run.failed.add(arn);
    const ids = [...new Set(queues.flatMap((queue) => queue.environmentIds))];
    // Said once, however often it is tried.
    if (await this.environments.noteFailure(ids, error.message))
      this.logger.warn({ environments: ids, code: error.code, msg: `jobs cannot be read: ${error.message}` });
  }

  private async noteSuccess({ failed }: Run, all: readonly ScopeQueue[]): Promise<void> {
    const bad = all.filter(({ arn, access }) => failed.has(arn) || this.pauses.isPaused(access));
    const badIds = new Set(bad.flatMap((queue) => queue.environmentIds));
    const ids = new Set(all.flatMap((queue) => queue.environmentIds).filter((id) => !badIds.has(id)));
    if (ids.size > 0) await this.environments.noteSynced([...ids], this.clock.now());
  }
}
