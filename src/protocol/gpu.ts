import { z } from 'zod';

/**
 * The oldest NVIDIA driver for Linux with which GPU memory is checkpointed. Source: MMBatch's "Prerequisites and
 * Considerations" ("NVIDIA Linux driver 570.86 and after").
 */
export const MINIMUM_NVIDIA_DRIVER = '570.86';

/** One GPU, as the driver names it. */
export const gpuSchema = z.object({
  /** As `nvidia-smi --query-gpu=name` prints it: `Tesla T4`, `NVIDIA A10G`. */
  model: z.string(),
  /** All of it, as the driver counts (`memory.total`). */
  memoryBytes: z.number().int().nonnegative(),
  /** `GPU-...`: of this very card. */
  uuid: z.string().optional(),
});
export type Gpu = z.infer<typeof gpuSchema>;

/** Below, at or above zero as `a` is older than, the same as or newer than `b`. A part that is missing counts as 0: 570.86 is 570.86.0. */
export function compareDriverVersions(a: string, b: string): number {
  const [x, y] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(x.length, y.length); i += 1) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether GPU memory is checkpointed with this driver. */
export function isDriverSupported(driver: string): boolean {
  return compareDriverVersions(driver, MINIMUM_NVIDIA_DRIVER) >= 0;
}

function parts(version: string): number[] {
  return (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? '0').split('.').map(Number);
}

/**
 * `T4` of `Tesla T4`, `A100` of `NVIDIA A100-SXM4-40GB`, `H100` of `NVIDIA H100 80GB HBM3`: the name EC2's catalogue has for it, in
 * capitals. Models of several words (`RTX PRO 6000`) keep all of them but the edition.
 */
export function gpuModelName(model: string): string {
  const name = model
    .trim()
    .toUpperCase()
    .replace(/^NVIDIA\s+/, '')
    .replace(/^TESLA\s+/, '');
  if (name.startsWith('RTX'))
    return name
      .replace(/\b(SERVER|BLACKWELL|EDITION)\b/g, '')
      .replaceAll(/\s+/g, ' ')
      .trim();
  return name.split(/[\s-]/)[0]!;
}

/** What the driver keeps for itself differs by release and by ECC: a T4 of 16 GiB shows 15 GiB, an A10G of 24 GB 22.5 GiB. */
const MEMORY_TOLERANCE = 0.15;

/** One model with one size of memory: `A100-SXM4-40GB` and `A100-SXM4-80GB` are two. */
export function sameGpuModel(a: Omit<Gpu, 'uuid'>, b: Omit<Gpu, 'uuid'>): boolean {
  const larger = Math.max(a.memoryBytes, b.memoryBytes);
  const apart = Math.abs(a.memoryBytes - b.memoryBytes);
  return gpuModelName(a.model) === gpuModelName(b.model) && apart <= larger * MEMORY_TOLERANCE;
}

/**
 * Images with GPU memory are full ones: the rule on `parentId`, for schemas. Source: MMBatch's "Prerequisites and Considerations" ("For GPUs, MMBatch
 * only supports full backups").
 */
export function isFullImage({
  gpus = [],
  parentId,
}: {
  gpus?: readonly Gpu[] | undefined;
  parentId: string | null;
}): boolean {
  return gpus.length === 0 || parentId === null;
}
export const FULL_IMAGE_RULE = {
  path: ['parentId'],
  message: 'an image with the memory of a GPU is always a full one',
};
