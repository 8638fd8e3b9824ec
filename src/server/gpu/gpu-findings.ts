import { type Finding, list } from '../common/finding.js';
import type { InstanceGpu, InstanceType } from '../instance-catalog/instance-type.js';
import { ASSUMED_GPU_RATE, ASSUMED_STORAGE_RATE, gpuTimeEstimate, type MeasuredImage } from './gpu-time.js';

export const GPU_FINDING_CODES = [
  'gpu-not-supported',
  'several-gpus',
  'gpu-host-memory-too-small',
  'gpu-memory-reserve',
  'gpu-checkpoint-time',
] as const;
export type GpuFindingCode = (typeof GPU_FINDING_CODES)[number];
export type GpuFinding = Finding<GpuFindingCode>;

export interface GpuJobDefinition {
  /** `train:3` */
  name: string;
  gpus: number;
  /** null: not known. */
  memoryBytes: number | null;
}

export interface GpuSituation {
  /** Every type the environment may launch. */
  instanceTypes: readonly InstanceType[];
  /** Jobs with a GPU, as far as AWS Batch was asked for them. */
  jobs: readonly GpuJobDefinition[];
  /** Images taken there so far. */
  measured: readonly MeasuredImage[];
}

type GpuType = InstanceType & { gpu: InstanceGpu };

/**
 * What the allowed types mean for jobs with a GPU; empty without GPU types. Source: MMBatch's "Prerequisites and Considerations": one GPU,
 * as much system memory to spare as the GPU has, and more time for both ways. That the models are the same is a rule of compatibility groups
 * (`group-findings.ts`).
 */
export function gpuFindings({ instanceTypes, jobs, measured }: GpuSituation): GpuFinding[] {
  const types = instanceTypes.filter((type): type is GpuType => type.gpu !== null);
  if (types.length === 0) return [];
  const supported = types.filter(({ gpu }) => gpu.manufacturer === 'NVIDIA');
  const single = supported.filter(({ gpu }) => gpu.count === 1);
  return [
    ...notSupported(types.filter((type) => !supported.includes(type))),
    ...severalGpus(supported.filter(({ gpu }) => gpu.count > 1)),
    ...severalGpusAsked(jobs.filter(({ gpus }) => gpus > 1)),
    ...memory(single, jobs),
    ...time(single, measured),
  ];
}

function notSupported(types: readonly GpuType[]): GpuFinding[] {
  if (types.length === 0) return [];
  return [
    {
      severity: 'error',
      code: 'gpu-not-supported',
      message: `${list(types.map(({ instanceType, gpu }) => `${instanceType} (${gpu.manufacturer} ${gpu.model})`))} ${types.length === 1 ? 'has' : 'have'} GPUs that are not NVIDIA's.`,
      why: 'Their memory cannot be put into an image: a job that uses them is not protected.',
      remedy: 'Allow instance types with an NVIDIA GPU, or none.',
    },
  ];
}

function severalGpus(types: readonly GpuType[]): GpuFinding[] {
  if (types.length === 0) return [];
  return [
    {
      severity: 'error',
      code: 'several-gpus',
      message: `${list(types.map(({ instanceType, gpu }) => `${instanceType} (${gpu.count} GPUs)`))} ${types.length === 1 ? 'has' : 'have'} more than one GPU.`,
      why: 'GPU memory is checkpointed and restored with a single GPU: on these a job with a GPU does not continue.',
      remedy: 'Allow instance types with one GPU only.',
    },
  ];
}

function severalGpusAsked(jobs: readonly GpuJobDefinition[]): GpuFinding[] {
  if (jobs.length === 0) return [];
  return [
    {
      severity: 'warning',
      code: 'several-gpus',
      message: `${jobs.length === 1 ? 'Job definition' : 'Job definitions'} ${list(jobs.map(({ name, gpus }) => `${name} (${gpus} GPUs)`))} ${jobs.length === 1 ? 'asks' : 'ask'} for more than one GPU.`,
      why: 'GPU memory is checkpointed and restored with a single GPU: these jobs run, and are not protected.',
      remedy: 'Ask for one GPU, or set MMC_CHECKPOINT_MODE to none in these definitions.',
    },
  ];
}

function memory(types: readonly GpuType[], jobs: readonly GpuJobDefinition[]): GpuFinding[] {
  const largest = jobs.toSorted((a, b) => (b.memoryBytes ?? 0) - (a.memoryBytes ?? 0))[0];
  const needed = largest?.memoryBytes ?? 0;
  const small = types.filter((type) => spareBytes(type) <= 0 || spareBytes(type) < needed);
  const found: GpuFinding[] = [];
  if (small.length > 0) {
    const job = needed === 0 ? '' : `, and ${largest!.name} asks for ${gib(needed)} GiB`;
    found.push({
      severity: 'error',
      code: 'gpu-host-memory-too-small',
      message: `As much memory as the GPU has must stay free: ${list(small.map(described))}${job}.`,
      why: 'A checkpoint copies the memory of the GPU into that of the host first. Without room for it jobs with a GPU are not protected there.',
      remedy: 'Allow larger instance types, or lower the memory of the job definition.',
    });
  }
  const large = types.filter((type) => !small.includes(type));
  if (large.length > 0) {
    found.push({
      severity: 'info',
      code: 'gpu-memory-reserve',
      message: `As much memory as the GPU has must stay free: ${list(large.map(described))}.`,
      why: 'A checkpoint copies the memory of the GPU into that of the host first; a job that takes more than what remains is not protected.',
      remedy: 'Keep the memory of job definitions with a GPU below that.',
    });
  }
  return found;
}

function time(types: readonly GpuType[], measured: readonly MeasuredImage[]): GpuFinding[] {
  const largest = types.toSorted((a, b) => b.gpu.memoryBytes - a.gpu.memoryBytes)[0];
  if (largest === undefined) return [];
  const { instanceType, gpu } = largest;
  const { checkpointSeconds, restoreSeconds, storageBytesPerSecond, images } = gpuTimeEstimate(
    gpu.memoryBytes,
    measured,
  );
  const rate = `${Math.round(storageBytesPerSecond / 1e6)} MB/s`;
  const source =
    images === 0
      ? `with the storage at an assumed ${Math.round(ASSUMED_STORAGE_RATE / 1e6)} MB/s until images were taken`
      : `with the storage at ${rate}, the median of ${images} images taken`;
  return [
    {
      severity: 'info',
      code: 'gpu-checkpoint-time',
      message: `A full GPU of ${instanceType} (${gpu.model}, ${gib(gpu.memoryBytes)} GiB) adds about ${Math.ceil(checkpointSeconds)} s to a checkpoint and ${Math.ceil(restoreSeconds)} s to a restore, ${source} and the GPU's copy at an assumed ${ASSUMED_GPU_RATE / 1e9} GB/s.`,
      why: 'Images with GPU memory are always full ones, and the job stands still while its GPU is copied. A Spot reclaim leaves two minutes.',
      remedy: 'Choose an interval several times as long, and storage fast enough.',
    },
  ];
}

/** What a job may take, bytes. */
function spareBytes({ memoryBytes, gpu }: GpuType): number {
  return memoryBytes - gpu.memoryBytes;
}

/** `g4dn.2xlarge: 32 GiB less 16 GiB of its T4 leaves 16 GiB` */
function described(type: GpuType): string {
  const { instanceType, memoryBytes, gpu } = type;
  return `${instanceType}: ${gib(memoryBytes)} GiB less ${gib(gpu.memoryBytes)} GiB of its ${gpu.model} leaves ${gib(Math.max(0, spareBytes(type)))} GiB`;
}

function gib(bytes: number): string {
  return String(Math.round((bytes / 1024 ** 3) * 10) / 10);
}
