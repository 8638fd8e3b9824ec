import { toFailure, type Failure } from '../../protocol/failure.js';
import type { HostFacts } from '../../protocol/host-facts.js';
import { imageSubpath } from '../../protocol/image-subpath.js';
import { newId } from '../../protocol/ids.js';
import type { RestorePin } from '../../protocol/shim-api.js';
import { jobIdentity } from '../containers/job-identity.js';
import { Runc } from '../engines/runc.js';
import { measureHostFacts } from '../host-facts.js';
import { isReadable, type ImageEntry } from '../image-store/stored-image.js';
import type { Bundle } from './bundle.js';
import type { CreateCall } from './create-call.js';
import type { Deadline } from './deadline.js';
import { decide, takePin } from './restore-decision.js';
import { RestoreJournal } from './restore-journal.js';
import type { RestoreLog } from './restore-log.js';
import { removeLogDir, makeLogDir } from './restore-log-dirs.js';
import { CannotUndoError, describe, restoreFrom } from './restore-pipeline.js';
import { RestoreReports } from './restore-reports.js';
import type { RuntimeConf } from './runtime-conf.js';
import { waitForStore, type ReadyStore } from './storage-wait.js';

interface Job {
  jobId: string;
  pin: RestorePin | null;
  reports: RestoreReports;
}

/** Share of the time left that an image may take when there is an older one. */
const TIME_FOR_NEWER_IMAGE = 0.6;

/** One start of a job's container: from its newest usable checkpoint, or not from any. */
export class JobStart {
  private facts: Promise<HostFacts> | undefined;

  constructor(
    private readonly conf: RuntimeConf,
    private readonly call: CreateCall,
    private readonly bundle: Bundle,
    private readonly deadline: Deadline,
    private readonly log: RestoreLog,
  ) {}

  /** True: restored and held. False: everything is as Docker left it. Throws only when that cannot be said. */
  async run(): Promise<boolean> {
    const jobId = jobIdentity(this.bundle.environment)?.jobId;
    if (jobId === undefined) return false;
    const reports = new RestoreReports(this.conf.stateDir, jobId, this.call.id, this.log);
    const job: Job = { jobId, pin: takePin(this.conf.stateDir, jobId), reports };
    try {
      const ready = await waitForStore(this.conf.stateDir, this.conf.storageWaitSeconds, this.deadline, this.log);
      if (ready === null) return false;
      return await this.continueFrom(ready, job);
    } catch (error) {
      if (error instanceof CannotUndoError) throw error;
      await this.startsFresh(job, [describe(toFailure(error))], toFailure(error));
      return false;
    }
  }

  private async continueFrom(ready: ReadyStore, job: Job): Promise<boolean> {
    await this.claim(ready, job.jobId);
    const { candidates, reason } = await this.deadline.limit(
      decide(ready.store, job.jobId, this.bundle.environment, ready.config.policy, job.pin),
    );
    const reasons: string[] = [];
    let newest: Failure | null = null;
    for (const [index, image] of candidates.entries()) {
      // One that hangs leaves time to try the one before it.
      const limit = index === candidates.length - 1 ? this.deadline : this.deadline.part(TIME_FOR_NEWER_IMAGE);
      const failure = await this.tryImage(image, ready, job, limit);
      if (failure === null) return true;
      newest ??= failure;
      reasons.push(`checkpoint ${image.sequence}: ${describe(failure)}`);
    }
    if (newest !== null) await this.startsFresh(job, reasons, newest);
    else if (reason !== null) await this.startsFresh(job, [describe(reason)], reason);
    return false;
  }

  /** From here on no other container of the job, on whatever host, commits a checkpoint. */
  private async claim({ store }: ReadyStore, jobId: string): Promise<void> {
    try {
      const { subpath } = imageSubpath(this.bundle.environment, store.location.mountPath);
      await this.deadline.limit(store.prepareJob(jobId, subpath));
      await this.deadline.limit(store.records.claim(jobId, this.call.id));
    } catch (error) {
      // A storage that cannot be written can still be restored from.
      this.log.write(`the job could not be claimed for this container: ${describe(toFailure(error))}`);
    }
  }

  /** null: restored. */
  private async tryImage(image: ImageEntry, ready: ReadyStore, job: Job, deadline: Deadline): Promise<Failure | null> {
    const { checkpointId } = image;
    // The id a person was given when asking for this checkpoint.
    const restoreId = job.pin?.checkpointId === checkpointId ? job.pin.restoreId : newId('restore');
    await job.reports.restore({ restoreId, checkpointId, status: 'running' });
    const seconds = { verify: 0, restore: 0 };
    const failure = isReadable(image)
      ? await restoreFrom({
          conf: this.conf,
          call: this.call,
          bundle: this.bundle,
          deadline,
          log: this.log,
          journal: new RestoreJournal(this.conf.stateDir, this.call.id, checkpointId),
          runc: new Runc({ runc: this.conf.runc, criuDir: this.conf.criuDir }),
          store: ready.store,
          hostFacts: () => this.hostFacts(),
          logDir: await makeLogDir(this.conf.stateDir, restoreId),
          jobId: job.jobId,
          restoreId,
          image,
          seconds,
        })
      : image.failure;
    if (failure !== null) {
      this.log.write(`checkpoint ${image.name} of job ${job.jobId} cannot be used: ${describe(failure)}`);
      await job.reports.restore({
        restoreId,
        checkpointId,
        status: 'failed',
        failure,
        ...(failure.step === undefined ? {} : { step: failure.step }),
      });
      return failure;
    }
    this.log.write(
      `job ${job.jobId} continues from checkpoint ${image.name}, restored in ${seconds.restore.toFixed(3)} s`,
    );
    await job.reports.restore({
      restoreId,
      checkpointId,
      status: 'succeeded',
      restoreSeconds: seconds.restore,
      verifySeconds: seconds.verify,
    });
    if (!ready.config.policy.diagnosis) await this.forgetLogs(restoreId);
    return null;
  }

  /** Never in silence: whoever looks at the job sees that work was lost, and why. */
  private async startsFresh({ jobId, pin, reports }: Job, reasons: string[], failure: Failure): Promise<void> {
    const message = `the job starts fresh: ${reasons.join('; ')}`;
    this.log.write(`job ${jobId}: ${message}`);
    await reports.startedFresh(message, failure);
    // When no image was tried, nobody has answered the person who asked for one.
    if (pin !== null) await reports.restore({ ...pin, status: 'failed', failure });
  }

  private async forgetLogs(restoreId: string): Promise<void> {
    await removeLogDir(this.conf.stateDir, restoreId).catch((error: unknown) =>
      this.log.write(`logs left behind: ${String(error)}`),
    );
  }

  private hostFacts(): Promise<HostFacts> {
    return (this.facts ??= measureHostFacts({
      runc: this.conf.runc,
      criuDir: this.conf.criuDir,
      // Docker waits for this very call and might not answer.
      dockerVersion: () => Promise.resolve(null),
    }));
  }
}
