import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { findInPath } from '../agent-settings.js';

/** What carries GPU memory, both parts needed: CRIU's CUDA plugin calls NVIDIA's cuda-checkpoint. */
export interface GpuEngineParts {
  /** Path of the program `cuda-checkpoint`, which CRIU looks for in PATH; null: not installed. */
  cudaCheckpoint: string | null;
  /** Directory that holds `cuda_plugin.so`, for CRIU's `libdir`; null: none found. */
  pluginDir: string | null;
}

const PLUGIN = 'cuda_plugin.so';
/** Where CRIU's own builds and the distributions put its plugins. */
const PLUGIN_DIRS = [
  '/usr/lib/criu',
  '/usr/lib64/criu',
  '/usr/local/lib/criu',
  '/usr/lib/x86_64-linux-gnu/criu',
  '/usr/lib/aarch64-linux-gnu/criu',
];

/** `criuDir` as in the agent's settings. CRIU's own variable CRIU_LIBS_DIR comes first. */
export function gpuEngineParts(criuDir: string, env: NodeJS.ProcessEnv = process.env): GpuEngineParts {
  const path = criuDir === '' ? env['PATH'] : `${criuDir}${delimiter}${env['PATH'] ?? ''}`;
  const places = [
    env['CRIU_LIBS_DIR'] ?? '',
    ...(criuDir === '' ? [] : [join(dirname(criuDir), 'lib', 'criu')]),
    ...PLUGIN_DIRS,
  ];
  return {
    cudaCheckpoint: findInPath('cuda-checkpoint', { PATH: path }),
    pluginDir: places.find((place) => place !== '' && existsSync(join(place, PLUGIN))) ?? null,
  };
}

/** In words; empty when all is there. */
export function missingGpuParts({ cudaCheckpoint, pluginDir }: GpuEngineParts): string[] {
  return [
    ...(cudaCheckpoint === null ? ["NVIDIA's cuda-checkpoint"] : []),
    ...(pluginDir === null ? [`CRIU's CUDA plugin (${PLUGIN})`] : []),
  ];
}
