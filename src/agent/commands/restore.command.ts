import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CommandOutput } from '../../protocol/agent-api.js';
import { FailureError } from '../../protocol/failure.js';
import type { Manifest } from '../../protocol/manifest.js';
import type { RestorePin } from '../../protocol/shim-api.js';
import type { DockerEngine, Inspection } from '../containers/docker-engine.js';
import type { JobContainers } from '../containers/job-containers.js';
import { replaceFile } from '../image-store/durable-files.js';
import { isReadable } from '../image-store/stored-image.js';
import { jobKey } from '../image-store/store-layout.js';
import type { StorageMonitor } from '../storage-monitor.js';
import type { CommandHandler, CommandOf } from './command-handler.js';
import { ensureImage } from './container-image.js';
import { findImage, readyStore } from './store-access.js';

type RestoreOrder = CommandOf<'restore'>;

export interface RestoreCommandContext {
  stateDir: string;
  shimPath: string;
}

/**
 * Starts a job's container again from a given checkpoint: a container like the one of the manifest, a pin that names the
 * checkpoint, and a start. The restore itself, and its reports, are the shim's, as when Batch starts the job. The
 * container's name is made from the restore's id, so a repeat finds what was made before.
 */
export class RestoreCommand implements CommandHandler<'restore'> {
  readonly type = 'restore';

  constructor(
    private readonly docker: DockerEngine,
    private readonly containers: JobContainers,
    private readonly storage: StorageMonitor,
    private readonly context: RestoreCommandContext,
  ) {}

  async handle(order: RestoreOrder): Promise<CommandOutput> {
    let containerId = '';
    try {
      const manifest = await this.readManifest(order);
      this.refuseWhileRunning(order);
      containerId = await this.createContainer(order, manifest);
      await this.start(order, containerId);
    } catch (error) {
      await rm(this.pinPath(order.jobId), { force: true });
      if (containerId !== '') await this.removeContainer(containerId);
      throw error;
    }
    return {};
  }

  async resume(order: RestoreOrder): Promise<CommandOutput> {
    const found = await this.docker.inspect(containerName(order));
    if (found === null || found.State.Status === 'created') {
      if (found !== null) await this.removeContainer(found.Id);
      return this.handle(order);
    }
    await this.checkContinued(order, found);
    return {};
  }

  private async readManifest({ jobId, checkpointId }: RestoreOrder): Promise<Manifest> {
    const image = await findImage(readyStore(this.storage), jobId, checkpointId);
    if (isReadable(image)) return image.manifest;
    throw new FailureError(image.failure);
  }

  private refuseWhileRunning({ jobId }: RestoreOrder): void {
    const running = this.containers.runningOf(jobId);
    if (running === null) return;
    throw new FailureError({
      code: 'job-still-running',
      message: `job ${jobId} runs on this host in container ${running.report.containerId}`,
      remedy: 'stop that container first: two containers of one job would write over each other',
    });
  }

  private async createContainer(order: RestoreOrder, { container }: Manifest): Promise<string> {
    const image = await ensureImage(this.docker.api, container.image);
    const { config, hostConfig } = container.docker;
    // An engine without a bridge notes this on a started container of the default network; asked for at creation it would
    // leave out the mounts of /etc/hosts and /etc/resolv.conf, which the image has.
    const networkDisabled = config['NetworkDisabled'] === true && hostConfig['NetworkMode'] !== 'default';
    try {
      const created = await this.docker.api.createContainer({
        ...config,
        NetworkDisabled: networkDisabled,
        name: containerName(order),
        Image: image,
        HostConfig: { ...hostConfig, Runtime: await this.runtime() },
      });
      return created.id;
    } catch (error) {
      throw createFailed(error);
    }
  }

  /** Docker's name for our shim. */
  private async runtime(): Promise<string> {
    const [name] = await this.docker.runtimesOf(this.context.shimPath);
    if (name === undefined) throw new Error(`it does not know the runtime shim ${this.context.shimPath}`);
    return name;
  }

  private async start(order: RestoreOrder, containerId: string): Promise<void> {
    const pin: RestorePin = { restoreId: order.restoreId, checkpointId: order.checkpointId };
    const path = this.pinPath(order.jobId);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await replaceFile(path, JSON.stringify(pin));
    try {
      await this.docker.api.getContainer(containerId).start();
    } catch (error) {
      throw createFailed(error);
    }
    const found = await this.docker.inspect(containerId);
    if (found !== null) await this.checkContinued(order, found);
  }

  /** A person asked for this checkpoint: a start from nothing, or from another image, is not what they asked for. */
  private async checkContinued({ checkpointId }: RestoreOrder, found: Inspection): Promise<void> {
    const from = await this.docker.restoredFrom(found.Id);
    // The mark goes with the container's end, and a job may have had little left to do: then the reports tell.
    if (from === checkpointId || (from === null && !found.State.Running)) return;
    throw new FailureError({
      code: 'criu-restore-failed',
      message:
        `the container did not continue from checkpoint ${checkpointId} but ` +
        `${from === null ? 'started fresh' : `from the older ${from}`}; it was stopped and removed`,
      remedy: 'see the events of the job for the reason; the checkpoint is still there',
    });
  }

  private async removeContainer(containerId: string): Promise<void> {
    await this.docker.api
      .getContainer(containerId)
      .remove({ force: true, v: false })
      .catch(() => undefined);
  }

  private pinPath(jobId: string): string {
    return join(this.context.stateDir, 'pins', jobKey(jobId));
  }
}

function containerName({ restoreId }: RestoreOrder): string {
  return `batchpoint-${restoreId}`;
}

function createFailed(error: unknown): FailureError {
  const message = (error as { json?: { message?: string } }).json?.message ?? (error as Error).message;
  return new FailureError(
    {
      code: 'container-create-failed',
      message: `Docker cannot start a container like the one of the checkpoint: ${message}`,
      remedy:
        'give this host what the container needs (mounted paths, networks, the runtime `batchpoint`), or choose another host',
    },
    { cause: error },
  );
}
