import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import type { ContainerDescription, ContainerSource } from '../checkpoint/container-description.js';
import { gpuRequest, memoryLimit } from './gpu-settings.js';
import { environmentOf, jobIdentity } from './job-identity.js';

export type Inspection = Docker.ContainerInspectInfo;

/**
 * This host's Docker Engine, with what the state directory knows of its containers. The socket is opened at each call,
 * so a restarted engine needs no new object.
 */
export class DockerEngine implements ContainerSource {
  readonly api: Docker;

  constructor(
    socketPath: string,
    private readonly stateDir: string,
  ) {
    this.api = new Docker({ socketPath });
  }

  /** null when there is no such container. Throws when the engine does not answer. */
  async inspect(containerId: string): Promise<Inspection | null> {
    try {
      return await this.api.getContainer(containerId).inspect();
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode === 404) return null;
      throw error;
    }
  }

  /** Empty when there is no such container. */
  async environment(containerId: string): Promise<Record<string, string>> {
    return environmentOf((await this.inspect(containerId))?.Config.Env);
  }

  /** Ids of all containers, stopped ones included. */
  async containerIds(): Promise<string[]> {
    return (await this.api.listContainers({ all: true })).map((container) => container.Id);
  }

  /** What its layers take unpacked, in bytes; null: the engine does not say, or has the image no longer. */
  async imageBytes(imageId: string): Promise<number | null> {
    return this.api
      .getImage(imageId)
      .inspect()
      .then(
        (image) => (Number.isSafeInteger(image.Size) ? image.Size : null),
        () => null,
      );
  }

  /** null when the engine does not answer. */
  async version(): Promise<string | null> {
    return this.api.version().then(
      (answer) => answer.Version,
      () => null,
    );
  }

  /** The names under which Docker knows the program at `shimPath` as a runtime. */
  async runtimesOf(shimPath: string): Promise<string[]> {
    const { Runtimes } = (await this.api.info()) as { Runtimes?: Record<string, { path?: string }> };
    return Object.entries(Runtimes ?? {})
      .filter(([, runtime]) => runtime.path === shimPath)
      .map(([name]) => name);
  }

  /** The `--root` the shim was called with; null: the container does not run under it. */
  async runcRoot(containerId: string): Promise<string | null> {
    return (await this.record('containers', containerId))?.trim() || null;
  }

  /** The checkpoint the container was continued from; null for a fresh start. */
  async restoredFrom(containerId: string): Promise<string | null> {
    const text = await this.record('restored', containerId);
    if (text === null) return null;
    const marker = JSON.parse(text) as { checkpointId?: unknown };
    return typeof marker.checkpointId === 'string' ? marker.checkpointId : null;
  }

  /** null when there is no such container, or it is not one of a Batch job. */
  async describe(containerId: string): Promise<ContainerDescription | null> {
    const found = await this.inspect(containerId);
    if (found === null) return null;
    const environment = environmentOf(found.Config.Env);
    const job = jobIdentity(environment);
    if (job === null) return null;
    const { State: state, HostConfig: hostConfig } = found;
    return {
      status: state.Paused ? 'paused' : state.Running ? 'running' : state.Status === 'created' ? 'created' : 'exited',
      pid: state.Pid,
      runcRoot: await this.runcRoot(found.Id),
      upperDir:
        found.GraphDriver?.Name === 'overlay2'
          ? ((found.GraphDriver.Data as { UpperDir?: string }).UpperDir ?? null)
          : null,
      restoredFrom: await this.restoredFrom(found.Id),
      environment,
      gpuRequest: gpuRequest(found),
      memoryLimitBytes: memoryLimit(found),
      job,
      container: {
        containerId: found.Id,
        image: { name: found.Config.Image, id: found.Image },
        command: commandOf(found),
        tty: found.Config.Tty,
        networkMode: hostConfig.NetworkMode ?? 'default',
        mounts: found.Mounts.map((mount) => ({
          destination: mount.Destination,
          source: mount.Source,
          type: mount.Type ?? 'bind',
          readOnly: !mount.RW,
        })).sort((a, b) => (a.destination < b.destination ? -1 : 1)),
        docker: {
          config: { ...found.Config },
          hostConfig: { ...hostConfig },
        },
      },
    };
  }

  private async record(kind: 'containers' | 'restored', containerId: string): Promise<string | null> {
    return readFile(join(this.stateDir, kind, containerId), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
  }
}

/** What runs in the container: entry point and arguments as Docker joined them. */
export function commandOf(found: Inspection): string[] {
  return [found.Path, ...found.Args];
}
