import {
  compareDriverVersions,
  type Gpu,
  gpuModelName,
  isDriverSupported,
  MINIMUM_NVIDIA_DRIVER,
  sameGpuModel,
} from './gpu.js';

export interface GpuIncompatibility {
  code: 'gpu-model-mismatch' | 'gpu-driver-too-old' | 'several-gpus';
  message: string;
  remedy: string;
}

/** GPUs and the driver of a machine; `driver` null: none answers. */
export interface GpuFacts {
  gpus: readonly Gpu[];
  driver: string | null;
}

/**
 * Every reason why GPU memory in an image cannot go back on that host; empty for an image without any. `image.gpus` are the ones the job
 * was given, `image.driver` the one the image was taken with. Source of the rules: MMBatch's "Prerequisites and Considerations" (one GPU,
 * the same model, driver 570.86 and after); that a driver does not read what a newer one wrote is NVIDIA's (cuda-checkpoint).
 */
export function gpuIncompatibilities(image: GpuFacts, host: GpuFacts, called = 'this host'): GpuIncompatibility[] {
  const [used] = image.gpus;
  if (used === undefined) return [];
  const found: GpuIncompatibility[] = [];
  if (image.gpus.length > 1) found.push(several(`the job uses ${image.gpus.length} GPUs`, 'give the job one GPU'));
  const model = modelProblem(used, host.gpus, called);
  if (model !== undefined) {
    found.push({
      code: 'gpu-model-mismatch',
      message: model,
      remedy: `allow only instance types with one ${gpuModelName(used.model)} GPU in the compute environment`,
    });
  } else if (host.gpus.length > 1) {
    found.push(several(`${called} has ${host.gpus.length} GPUs`, 'allow only instance types with a single GPU'));
  }
  if (host.gpus.length > 0) found.push(...driverProblems(image.driver, host.driver, called));
  return found;
}

function modelProblem(used: Gpu, present: readonly Gpu[], called: string): string | undefined {
  if (present.some((gpu) => sameGpuModel(gpu, used))) return undefined;
  const holds = `the image holds the memory of a GPU ${described(used)}`;
  if (present.length === 0) return `${holds}, ${called} has no GPU`;
  return `${holds}, ${called} has ${[...new Set(present.map(described))].join(', ')}`;
}

function driverProblems(from: string | null, here: string | null, called: string): GpuIncompatibility[] {
  const make = (message: string, atLeast: string): GpuIncompatibility[] => [
    { code: 'gpu-driver-too-old', message, remedy: `use an AMI with NVIDIA driver ${atLeast} or later on every host` },
  ];
  const needed = from === null || !isDriverSupported(from) ? MINIMUM_NVIDIA_DRIVER : from;
  if (here === null) return make(`no NVIDIA driver answers on ${called}`, needed);
  if (!isDriverSupported(here)) {
    return make(
      `${called} has NVIDIA driver ${here}, older than ${MINIMUM_NVIDIA_DRIVER}, the first that checkpoints GPU memory`,
      needed,
    );
  }
  if (from !== null && compareDriverVersions(here, from) < 0) {
    return make(`the image was taken with NVIDIA driver ${from}, ${called} has the older ${here}`, needed);
  }
  return [];
}

function several(message: string, remedy: string): GpuIncompatibility {
  return { code: 'several-gpus', message: `${message}; GPU memory is checkpointed and restored with one GPU`, remedy };
}

function described({ model, memoryBytes }: Gpu): string {
  return `${gpuModelName(model)} (${(memoryBytes / 1024 ** 3).toFixed(1)} GiB)`;
}
