import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface FakeGpu {
  /** `Tesla T4` */
  name: string;
  memoryMiB: number;
  uuid: string;
}

export const T4: FakeGpu = { name: 'Tesla T4', memoryMiB: 15360, uuid: 'GPU-11111111-2222-3333-4444-555555555555' };
export const A10G: FakeGpu = {
  name: 'NVIDIA A10G',
  memoryMiB: 23028,
  uuid: 'GPU-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
};

export interface FakeNvidia {
  gpus: readonly FakeGpu[];
  driver: string;
  /** Processes and the MiB they hold; null: as where the driver does not tell (`[N/A]`). */
  apps?: readonly { pid: number; mib: number | null }[];
  /** Set: `nvidia-smi` says this on standard output and fails, as it does where no driver is loaded. */
  failure?: string;
}

/**
 * Stands for NVIDIA's tools, which need a GPU: a shell script `nvidia-smi` that prints what `nvidia-smi --help-query-gpu` and
 * `--help-query-compute-apps` document for `--format=csv,noheader,nounits`. Put `directory` first in PATH.
 */
export function installFakeNvidia(directory: string, { gpus, driver, apps = [], failure }: FakeNvidia): void {
  mkdirSync(directory, { recursive: true });
  const rows = gpus.map(({ name, memoryMiB, uuid }) => `${name}, ${memoryMiB}, ${driver}, ${uuid}`);
  const held = apps.map(({ pid, mib }) => `${pid}, ${mib ?? '[N/A]'}`);
  const lines = (of: string[]): string => of.map((line) => `echo '${line}'`).join('; ') || ':';
  const script = [
    '#!/bin/sh',
    failure === undefined ? '' : `echo '${failure}'; exit 9`,
    '[ "$2" = "--format=csv,noheader,nounits" ] || { echo "Option $2 is not recognized."; exit 2; }',
    'case $1 in',
    `  --query-gpu=name,memory.total,driver_version,uuid) ${lines(rows)} ;;`,
    `  --query-compute-apps=pid,used_gpu_memory) ${lines(held)} ;;`,
    '  *) echo "Field is not a valid field to query."; exit 2 ;;',
    'esac',
  ];
  write(join(directory, 'nvidia-smi'), `${script.join('\n')}\n`);
}

/** Files of the names the agent looks for; nothing runs them. CRIU_LIBS_DIR is to name `directory`. */
export function installFakeCudaTools(directory: string): void {
  mkdirSync(directory, { recursive: true });
  write(join(directory, 'cuda-checkpoint'), '#!/bin/sh\nexit 1\n');
  write(join(directory, 'cuda_plugin.so'), '');
}

function write(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}
