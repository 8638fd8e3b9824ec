/** An image that was taken: its size, and the time from the trigger until its files were on the storage. */
export interface MeasuredImage {
  bytes: number;
  seconds: number;
}

export interface GpuTimeEstimate {
  /** Longer by this than without the GPU, seconds. */
  checkpointSeconds: number;
  restoreSeconds: number;
  /** Of the storage, as used for the estimate. */
  storageBytesPerSecond: number;
  /** How many images the storage's rate was measured with; 0: {@link ASSUMED_STORAGE_RATE}. */
  images: number;
}

/**
 * Between GPU and host, bytes a second: a quarter of what PCI Express 3.0 x16 (a T4's) carries on paper, since the copy goes to memory that is
 * allocated on the way. Not measured: no GPU was at hand.
 */
export const ASSUMED_GPU_RATE = 4e9;
/** Until images were taken: about what one client writes to EFS in bursts. */
export const ASSUMED_STORAGE_RATE = 0.5e9;
/** Smaller images take as long as their fixed costs do, and say nothing of the rate. */
const TELLING_BYTES = 64 * 1024 ** 2;

/**
 * What a full GPU adds to a checkpoint (GPU to host, host to storage) and to a restore (the same way back), at the median rate of the images
 * that were taken so far.
 */
export function gpuTimeEstimate(gpuBytes: number, measured: readonly MeasuredImage[]): GpuTimeEstimate {
  const rates = measured
    .filter(({ bytes, seconds }) => bytes >= TELLING_BYTES && seconds > 0)
    .map(({ bytes, seconds }) => bytes / seconds)
    .sort((a, b) => a - b);
  const storageBytesPerSecond = rates[Math.floor(rates.length / 2)] ?? ASSUMED_STORAGE_RATE;
  const seconds = gpuBytes / ASSUMED_GPU_RATE + gpuBytes / storageBytesPerSecond;
  return { checkpointSeconds: seconds, restoreSeconds: seconds, storageBytesPerSecond, images: rates.length };
}
