import type { Logger } from 'pino';
import type { CheckpointImage, CheckpointReport } from '../protocol/agent-api.js';
import type { CheckpointTrigger } from '../protocol/checkpoint-state.js';
import { FailureError, toFailure, type Failure } from '../protocol/failure.js';
import type { CheckpointPipeline } from './checkpoint/checkpoint-pipeline.js';
import { readyStore } from './commands/store-access.js';
import type { JobContainers } from './containers/job-containers.js';
import type { RememberedContainer } from './containers/job-memory.js';
import type { StorageMonitor } from './storage-monitor.js';

export interface CheckpointOrder {
  checkpointId: string;
  jobId: string;
  /** null: the job's running container, whichever it is. */
  containerId: string | null;
  trigger: CheckpointTrigger;
}

export interface CheckpointRunnerContext {
  report(report: CheckpointReport): Promise<void>;
  pinned(): ReadonlySet<string>;
  now(): number;
}

/** A step that takes longer is reported; most take less, and a report costs the disk a flush. */
const REPORTED_STEP_MS = 2000;

/** Takes checkpoints for whoever asks and says what became of each: to the server by reports, to the log, to the caller. */
export class CheckpointRunner {
  private readonly active = new Set<Promise<unknown>>();
  private closing = false;

  constructor(
    private readonly pipeline: Pick<CheckpointPipeline, 'run'>,
    private readonly containers: JobContainers,
    private readonly storage: StorageMonitor,
    private readonly context: CheckpointRunnerContext,
    private readonly log: Logger,
  ) {}

  /** Resolves when the outcome is reported: null when it was committed. Never rejects. Pruning may go on after that. */
  run(order: CheckpointOrder): Promise<Failure | null> {
    return new Promise((resolve) => {
      const work = this.take(order, () => resolve(null))
        .catch((error: unknown) => toFailure(error))
        .then(resolve);
      this.active.add(work);
      void work.finally(() => this.active.delete(work));
    });
  }

  /** Refuses what is asked from now on and waits for what runs. False when the limit came first. */
  async close(limitMs: number): Promise<boolean> {
    this.closing = true;
    let timer: NodeJS.Timeout;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), limitMs)));
    const done = Promise.all(this.active).then(() => true);
    return Promise.race([done, late]).finally(() => clearTimeout(timer));
  }

  private async take(order: CheckpointOrder, committed: () => void): Promise<Failure | null> {
    const { checkpointId, jobId, trigger } = order;
    const container =
      order.containerId === null ? this.containers.runningOf(jobId) : this.containers.find(order.containerId);
    const containerId = container?.report.containerId ?? order.containerId ?? '';
    const log = this.log.child({ jobId, checkpointId, containerId, trigger });
    const about = { type: 'checkpoint', checkpointId, jobId, containerId, trigger } as const;
    const step = new StepReporter((name) => void this.context.report({ ...about, status: 'running', step: name }));
    try {
      const store = readyStore(this.storage);
      const storageId = this.storage.storageId!;
      const { policy } = this.checkedContainer(container, jobId).report;
      log.info('checkpoint starts');
      void this.context.report({ ...about, status: 'running' });
      const request = {
        checkpointId,
        jobId,
        containerId,
        trigger,
        policy,
        storageId,
        store,
        pinned: this.context.pinned(),
      };
      const { pruned, warnings } = await this.pipeline.run(request, {
        onStep: (name) => {
          log.debug({ step: name }, 'checkpoint step');
          if (name !== 'prune') step.enter(name);
        },
        onCommitted: async (image) => {
          step.stop();
          await this.committed(image, about, log);
          committed();
        },
      });
      for (const warning of warnings) log.warn({ code: warning.code, step: warning.step }, warning.message);
      // Of an older checkpoint the server knows more than its id; what it was triggered by is not changed by this report.
      for (const old of pruned) await this.context.report({ ...about, checkpointId: old, status: 'deleted' });
      return null;
    } catch (error) {
      step.stop();
      const failure = toFailure(error);
      log.error(
        { code: failure.code, step: failure.step, logLine: failure.logLine, reason: failure.message },
        'checkpoint failed; the job runs on',
      );
      // Without a container there is nothing to report about: who asked is answered by the command's result.
      if (containerId !== '') await this.context.report({ ...about, status: 'failed', failure });
      return failure;
    }
  }

  private async committed(
    image: CheckpointImage,
    about: Pick<CheckpointReport, 'type' | 'checkpointId' | 'jobId' | 'containerId' | 'trigger'>,
    log: Logger,
  ): Promise<void> {
    const { sequence, totalBytes, freezeSeconds, dumpSeconds, totalSeconds } = image;
    log.info({ sequence, totalBytes, freezeSeconds, dumpSeconds, totalSeconds }, 'checkpoint committed');
    const lastCheckpointAt = new Date(this.context.now()).toISOString();
    await Promise.all([
      this.context.report({ ...about, status: 'committed', image }),
      this.containers.remember(about.containerId, { lastCheckpointAt }),
    ]);
  }

  private checkedContainer(container: RememberedContainer | null, jobId: string): RememberedContainer {
    if (this.closing)
      throw new FailureError({
        code: 'host-not-ready',
        message: 'the agent is stopping',
        remedy: 'try again in a moment',
      });
    if (container === null || container.report.jobId !== jobId || container.report.status !== 'running') {
      throw new FailureError({
        code: 'job-not-running',
        message: `job ${jobId} has no running container on this host`,
        remedy: 'look at the job: it may have ended, or run on another host by now',
      });
    }
    if (!container.report.protected) throw new FailureError(container.report.unprotectedReason!);
    return container;
  }
}

/** Calls back for a step that is still the current one after a while. */
class StepReporter {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly report: (step: string) => void) {}

  enter(step: string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.report(step), REPORTED_STEP_MS);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
