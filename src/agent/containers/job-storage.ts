import type { Logger } from 'pino';
import type { CheckpointReport, JobEventReport } from '../../protocol/agent-api.js';
import { parseDuration } from '../../protocol/duration.js';
import { toFailure } from '../../protocol/failure.js';
import { IMAGE_SUBPATH_VARIABLE, imageSubpath } from '../../protocol/image-subpath.js';
import type { PolicyProblem } from '../../protocol/policy.js';
import type { Clock } from '../clock.js';
import { type ImageEntry, isReadable } from '../image-store/stored-image.js';
import type { ImageStore } from '../image-store/image-store.js';
import type { DockerEngine } from './docker-engine.js';
import { ignoredVariable } from './ignored-variable.js';
import type { JobContainers } from './job-containers.js';
import type { RememberedContainer } from './job-memory.js';

export interface JobStorageContext {
  /** null while the storage is not ready: what is to be done waits. */
  store(): ImageStore | null;
  /** Checkpoints that are kept whatever happens to their job. */
  pinned(): ReadonlySet<string>;
  report(report: CheckpointReport | JobEventReport): Promise<void>;
}

/**
 * Keeps the storage in step with the jobs of this host: the running container owns its job; what a finished job leaves
 * is removed. Each step may be repeated, and what cannot be done now (storage away) is done by a later `sweep`.
 */
export class JobStorage {
  constructor(
    private readonly containers: Pick<JobContainers, 'all' | 'remember'>,
    private readonly docker: Pick<DockerEngine, 'environment' | 'runcRoot' | 'restoredFrom'>,
    private readonly context: JobStorageContext,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** `fresh`: the start was seen as it happened, so no other host can have started the job since. */
  async started(container: RememberedContainer, fresh: boolean): Promise<void> {
    await this.attempt(container, 'claim the job', () => this.claim(container, fresh));
  }

  async ended(container: RememberedContainer): Promise<void> {
    await this.attempt(container, 'settle the end of the job', () => this.settle(container));
  }

  /** Everything that waited: for the storage, or for its time. */
  async sweep(): Promise<void> {
    if (this.context.store() === null) return;
    for (const container of this.containers.all()) {
      const { status } = container.report;
      if (status === 'running' && !container.claimed) await this.started(container, false);
      if ((status === 'exited' || status === 'lost') && !container.settled) await this.ended(container);
    }
  }

  private async claim({ report, claimed }: RememberedContainer, fresh: boolean): Promise<void> {
    const store = this.context.store();
    // Without our runtime there will be no image, so there is nothing to own.
    if (claimed || store === null || (await this.docker.runcRoot(report.containerId)) === null) return;
    const { jobId, containerId, startedAt } = report;
    const problems = await this.place(store, jobId, containerId);
    const owner = await store.records.owner(jobId);
    const restored = (await this.docker.restoredFrom(containerId)) !== null;
    // The restore program claims before it starts anything. A container found running after we were away may have been
    // superseded on another host meanwhile: it must not take the job back.
    const superseded = !fresh && owner !== null && owner.since > (startedAt ?? '');
    if (owner?.containerId !== containerId && !restored && !superseded) {
      await store.records.claim(jobId, containerId);
      this.log.debug({ jobId, containerId }, 'claimed the job');
    }
    for (const problem of problems) {
      const event = ignoredVariable({ jobId, containerId }, problem);
      this.log.warn({ jobId, containerId, variable: problem.variable }, event.message);
      await this.context.report(event);
    }
    if (report.unprotectedReason?.code === 'several-containers') await this.removeForeign(store, report);
    await this.containers.remember(containerId, { claimed: true });
  }

  /**
   * Another container of the task may have been checkpointed before this one was there. The next attempt of either would continue
   * from it: pinned or not, such an image is no good. The record of the owner stays, which fences one that is being taken.
   */
  private async removeForeign(store: ImageStore, { jobId, containerId }: RememberedContainer['report']): Promise<void> {
    const images = await store.list(jobId);
    for (const image of images) {
      await store.remove(jobId, image.checkpointId);
      await this.reportRemoved(image, jobId, containerId);
    }
    if (images.length > 0)
      this.log.warn(
        { jobId, containerId, removed: images.length },
        'checkpoints removed: the job has several containers',
      );
  }

  /** The job's directory, where its variables want it. Resolves to what of them is not followed. */
  private async place(store: ImageStore, jobId: string, containerId: string): Promise<PolicyProblem[]> {
    const environment = await this.docker.environment(containerId);
    const { subpath, problems } = imageSubpath(environment, store.location.mountPath);
    const reason = await store.prepareJob(jobId, subpath);
    return reason === null ? problems : [...problems, { variable: IMAGE_SUBPATH_VARIABLE, value: subpath!, reason }];
  }

  private async settle({ report }: RememberedContainer): Promise<void> {
    const store = this.context.store();
    if (store === null) return;
    const { jobId, containerId, exitCode, status, policy, finishedAt } = report;
    const owner = await store.records.owner(jobId);
    // Never under Batchpoint, or started again elsewhere: its images, if any, are not this container's to judge.
    if (owner === null || owner.containerId !== containerId)
      return this.containers.remember(containerId, { settled: true });
    const succeeded = status === 'exited' && exitCode === 0;
    if (succeeded) {
      if ((await store.records.finished(jobId)) === null) await store.records.markFinished(jobId, 0);
      if (!policy.diagnosis) await this.removeImages(store, report, 'the job succeeded');
    } else {
      const until = Date.parse(finishedAt ?? '') + parseDuration(policy.failureRetention);
      // Batch may try the job again, on this host or another, and continue from these images.
      if (!(this.clock.now() >= until)) return;
      await this.removeImages(store, report, `the job failed ${policy.failureRetention} ago and was not started again`);
    }
    await this.containers.remember(containerId, { settled: true });
  }

  private async removeImages(store: ImageStore, report: RememberedContainer['report'], why: string): Promise<void> {
    const { jobId, containerId } = report;
    const pinned = this.context.pinned();
    const images = await store.list(jobId);
    const removed = images.filter((image) => !pinned.has(image.checkpointId));
    if (removed.length === images.length) await store.removeJob(jobId);
    else for (const image of removed) await store.remove(jobId, image.checkpointId);
    for (const image of removed) await this.reportRemoved(image, jobId, containerId);
    this.log.info(
      { jobId, containerId, removed: removed.length, kept: images.length - removed.length },
      `checkpoints removed: ${why}`,
    );
  }

  private async reportRemoved(image: ImageEntry, jobId: string, containerId: string): Promise<void> {
    const { checkpointId } = image;
    const trigger = isReadable(image) ? image.manifest.trigger : 'manual';
    await this.context.report({ type: 'checkpoint', checkpointId, jobId, containerId, trigger, status: 'deleted' });
  }

  private async attempt({ report }: RememberedContainer, what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const { code, message } = toFailure(error);
      const { jobId, containerId } = report;
      this.log.warn({ jobId, containerId, code, reason: message }, `could not ${what}; trying again within a minute`);
    }
  }
}
