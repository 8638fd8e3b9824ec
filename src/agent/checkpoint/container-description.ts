import type { GpuRequest } from '../gpu/gpu-request.js';
import type { Manifest } from '../../protocol/manifest.js';

/** A container as it is now: what a checkpoint needs to know of it, and its manifest will say. */
export interface ContainerDescription {
  status: 'created' | 'running' | 'paused' | 'exited';
  /** The container's first process, as this host numbers it; 0 when it is not running. */
  pid: number;
  /** runc's `--root` for this container; null when it was not started through Batchpoint's runtime. */
  runcRoot: string | null;
  /** The overlay's upper directory where the storage driver names it; null: the container's mount table is asked. */
  upperDir: string | null;
  /** The checkpoint the container was continued from; null when it was started fresh. */
  restoredFrom: string | null;
  environment: Readonly<Record<string, string>>;
  /** GPUs it was started with; null: none. */
  gpuRequest: GpuRequest;
  /** Bytes; null: none. */
  memoryLimitBytes: number | null;
  job: Manifest['job'];
  container: Manifest['container'];
}

export interface ContainerSource {
  /** Asked anew for every checkpoint. null: there is no such container. */
  describe(containerId: string): Promise<ContainerDescription | null>;
}
