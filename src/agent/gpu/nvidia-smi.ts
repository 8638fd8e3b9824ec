import { execFile } from 'node:child_process';
import type { Gpu } from '../../protocol/gpu.js';

/** The driver takes a second or two to wake where it is not kept loaded (persistence mode). */
const LIMIT_MS = 15_000;
const FORMAT = '--format=csv,noheader,nounits';
const MIB = 1024 ** 2;

export interface GpuMeasurement {
  gpus: Gpu[];
  /** null: no driver answers. */
  driver: string | null;
  /** What `nvidia-smi` said when it failed; null where it answered, or is not installed (then there is no GPU to use). */
  problem: string | null;
}

/** NVIDIA GPUs of this machine as the driver tells them, with `nvidia-smi` of PATH. Never throws. */
export async function measureGpus(): Promise<GpuMeasurement> {
  const answer = await nvidiaSmi('--query-gpu=name,memory.total,driver_version,uuid');
  if (answer === null) return { gpus: [], driver: null, problem: null };
  if (!answer.ok) return { gpus: [], driver: null, problem: answer.output };
  return { ...parseGpus(answer.output), problem: null };
}

/** Lines of `name, memory.total [MiB], driver_version, uuid`; others (a warning, say) are passed over. */
export function parseGpus(csv: string): Pick<GpuMeasurement, 'gpus' | 'driver'> {
  const rows = csv.split('\n').flatMap((line) => {
    const match = /^\s*(.+?)\s*,\s*(\d+)\s*,\s*(\d[\d.]*)\s*,\s*(GPU-[\w-]+|\[N\/A\])\s*$/.exec(line);
    return match === null ? [] : [{ model: match[1]!, mib: Number(match[2]), driver: match[3]!, uuid: match[4]! }];
  });
  const gpus = rows.map(({ model, mib, uuid }) => ({
    model,
    memoryBytes: mib * MIB,
    ...(uuid.startsWith('GPU-') ? { uuid } : {}),
  }));
  return { gpus, driver: rows[0]?.driver ?? null };
}

/** GPU memory these processes hold now, bytes; null where the driver does not tell. */
export async function gpuMemoryInUse(pids: readonly number[]): Promise<number | null> {
  const answer = await nvidiaSmi('--query-compute-apps=pid,used_gpu_memory');
  return answer?.ok === true ? inUseBytes(answer.output, pids) : null;
}

/** From lines of `pid, used_gpu_memory [MiB]`; null when one of the processes has `[N/A]`. */
export function inUseBytes(csv: string, pids: readonly number[]): number | null {
  let sum = 0;
  for (const line of csv.split('\n')) {
    const [pid, mib] = line.split(',').map((word) => word.trim());
    if (!pids.includes(Number(pid))) continue;
    if (!/^\d+$/.test(mib ?? '')) return null;
    sum += Number(mib) * MIB;
  }
  return sum;
}

/** null: not installed. */
function nvidiaSmi(query: string): Promise<{ ok: boolean; output: string } | null> {
  return new Promise((resolve) => {
    const options = { env: process.env, timeout: LIMIT_MS, killSignal: 'SIGKILL' } as const;
    execFile('nvidia-smi', [query, FORMAT], options, (failed, stdout, stderr) => {
      if (failed === null) resolve({ ok: true, output: stdout });
      else if (failed.code === 'ENOENT') resolve(null);
      else resolve({ ok: false, output: `${stdout}${stderr}`.trim().split('\n')[0] || failed.message });
    });
  });
}
