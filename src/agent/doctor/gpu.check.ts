import { totalmem } from 'node:os';
import { isDriverSupported, MINIMUM_NVIDIA_DRIVER } from '../../protocol/gpu.js';
import type { HostFinding } from '../../protocol/host-facts.js';
import { formatBytes } from '../format-bytes.js';
import { gpuEngineParts, missingGpuParts } from '../gpu/gpu-engine.js';
import { type GpuMeasurement, measureGpus } from '../gpu/nvidia-smi.js';
import { error, info, ok, warning, type HostExamination } from './finding.js';

/** Jobs without a GPU do not need any of this: nothing here keeps them from being protected. */
export async function checkGpus({ criuDir }: HostExamination): Promise<HostFinding[]> {
  return gpuHostFindings(await measureGpus(), missingGpuParts(gpuEngineParts(criuDir)), totalmem());
}

/** Empty on a machine without NVIDIA's tools. `missing`: what carries GPU memory and is not there, in words. */
export function gpuHostFindings(
  { gpus, driver, problem }: GpuMeasurement,
  missing: readonly string[],
  memoryBytes: number,
): HostFinding[] {
  if (problem !== null) {
    return [
      warning(
        'gpu',
        `nvidia-smi fails: ${problem}`,
        'where jobs use the GPU, install the driver and load it (`modprobe nvidia`); otherwise nothing is amiss',
      ),
    ];
  }
  if (gpus.length === 0) return [];
  const models = gpus.map(({ model, memoryBytes: bytes }) => `${model} with ${formatBytes(bytes)}`);
  const findings = [
    gpus.length === 1
      ? ok('gpu', models[0]!)
      : warning(
          'gpu',
          `${gpus.length} GPUs: ${models.join(', ')}; images with GPU memory restore on hosts with one`,
          'allow instance types with a single GPU, and give each job one GPU',
        ),
    driverFinding(driver),
    missing.length === 0
      ? ok('gpu-tools', "NVIDIA's cuda-checkpoint and CRIU's CUDA plugin are installed")
      : info('gpu-tools', `jobs with a GPU are not protected here for want of ${missing.join(' and ')}`),
  ];
  const largest = Math.max(...gpus.map(({ memoryBytes: bytes }) => bytes));
  if (largest < memoryBytes) {
    findings.push(ok('gpu-memory', `${formatBytes(memoryBytes - largest)} of memory beside as much as the GPU has`));
  } else {
    findings.push(
      error(
        'gpu-memory',
        `${formatBytes(memoryBytes)} of memory, less than the GPU's ${formatBytes(largest)}: its content has no room there`,
        'allow instance types with more memory than the GPU has',
      ),
    );
  }
  return findings;
}

function driverFinding(driver: string | null): HostFinding {
  if (driver !== null && isDriverSupported(driver)) return ok('gpu-driver', `NVIDIA driver ${driver}`);
  return error(
    'gpu-driver',
    `NVIDIA driver ${driver ?? 'unknown'}; GPU memory is checkpointed from ${MINIMUM_NVIDIA_DRIVER} on`,
    `use an AMI with driver ${MINIMUM_NVIDIA_DRIVER} or later`,
  );
}
