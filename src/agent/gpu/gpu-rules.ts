import type { Failure } from '../../protocol/failure.js';
import { type Gpu, gpuModelName, isDriverSupported, MINIMUM_NVIDIA_DRIVER } from '../../protocol/gpu.js';
import { formatBytes } from '../format-bytes.js';

/** A job's container and the GPUs it was started with. */
export interface GpuJob {
  /** As many as it asked for. */
  count: number;
  /** Those of them that the host has. */
  gpus: readonly Gpu[];
  /** Its memory limit, bytes; null: none. */
  memoryLimitBytes: number | null;
}

export interface GpuHost {
  memoryBytes: number;
  /** null: none answers. */
  driver: string | null;
  /** `cuda-checkpoint` and CRIU's CUDA plugin are there. */
  gpuCheckpoints: boolean;
}

/**
 * Why a job with a GPU cannot be checkpointed on this host, known when its container starts; null when it can, and for a
 * job without GPU. Source of one GPU, the driver and the memory: MMBatch's "Prerequisites and Considerations", GPU instances.
 */
export function gpuJobProblem({ count, gpus, memoryLimitBytes }: GpuJob, host: GpuHost): Failure | null {
  if (count === 0) return null;
  if (count > 1) {
    return {
      code: 'several-gpus',
      message: `the job has ${count} GPUs; GPU memory is checkpointed and restored with one GPU`,
      remedy: 'give the job one GPU in its resource requirements',
    };
  }
  const driver = driverProblem(host.driver);
  if (driver !== null) return driver;
  if (gpus.length < count) {
    return {
      code: 'host-not-ready',
      message: 'the GPU the job was started with is not among those nvidia-smi lists on this host',
      remedy: 'run `nvidia-smi -L` on the host: one that fell off the bus comes back with a reboot',
    };
  }
  const gpuBytes = gpus.reduce((sum, gpu) => sum + gpu.memoryBytes, 0);
  const needed = (memoryLimitBytes ?? 0) + gpuBytes;
  if (needed > host.memoryBytes) {
    const job = memoryLimitBytes === null ? '' : `${formatBytes(memoryLimitBytes)} for the job and `;
    return {
      code: 'host-memory-too-small',
      message: `a checkpoint needs ${job}${formatBytes(gpuBytes)} for the memory of its GPU${named(gpus)}, together ${formatBytes(needed)}; this host has ${formatBytes(host.memoryBytes)}`,
      remedy: `lower the job's memory to ${formatBytes(Math.max(0, host.memoryBytes - gpuBytes))} or less, or allow larger instance types`,
    };
  }
  if (host.gpuCheckpoints) return null;
  return {
    code: 'host-not-ready',
    message: `the job uses a GPU${named(gpus)}, and this host lacks what carries GPU memory: NVIDIA's cuda-checkpoint and CRIU's CUDA plugin`,
    remedy: 'run `batchpoint doctor` on the host: it names what is missing',
  };
}

function driverProblem(driver: string | null): Failure | null {
  if (driver !== null && isDriverSupported(driver)) return null;
  return {
    code: 'gpu-driver-too-old',
    message:
      driver === null
        ? 'the job uses a GPU, and no NVIDIA driver answers on this host (nvidia-smi)'
        : `this host has NVIDIA driver ${driver}; GPU memory is checkpointed from ${MINIMUM_NVIDIA_DRIVER} on`,
    remedy: `use an AMI with NVIDIA driver ${MINIMUM_NVIDIA_DRIVER} or later`,
  };
}

/** What a checkpoint of a job with a GPU finds when it begins, all bytes. */
export interface GpuMoment {
  /** Held by the job on its GPU. It is copied into the memory of the job's processes, and from there into the image. */
  gpuBytes: number;
  residentBytes: number;
  /** What the host can still give. */
  availableBytes: number;
  /** The job's own limit; null: none. */
  memoryLimitBytes: number | null;
  /** What the tools themselves take. */
  workingBytes: number;
}

/** Whether the memory of the GPU has room in the host's now; null: it has. */
export function gpuMemoryProblem(moment: GpuMoment): Failure | null {
  const { gpuBytes, residentBytes, availableBytes, memoryLimitBytes, workingBytes } = moment;
  const holds = `the job holds ${formatBytes(residentBytes)} of memory and ${formatBytes(gpuBytes)} on its GPU, which a checkpoint copies into memory first`;
  if (memoryLimitBytes !== null && residentBytes + gpuBytes > memoryLimitBytes) {
    return {
      code: 'host-memory-too-small',
      message: `${holds}: ${formatBytes(residentBytes + gpuBytes)} together, and the job's limit is ${formatBytes(memoryLimitBytes)}`,
      remedy: `give the job at least ${formatBytes(residentBytes + gpuBytes)} of memory in its definition`,
    };
  }
  if (gpuBytes + workingBytes <= availableBytes) return null;
  return {
    code: 'host-memory-too-small',
    message: `${holds}; with ${formatBytes(workingBytes)} to work in that needs ${formatBytes(gpuBytes + workingBytes)} free, and this host has ${formatBytes(availableBytes)}`,
    remedy: 'lower the memory of the jobs on this host, or allow larger instance types',
  };
}

function named(gpus: readonly Gpu[]): string {
  return gpus.length === 0 ? '' : ` (${gpus.map(({ model }) => gpuModelName(model)).join(', ')})`;
}
