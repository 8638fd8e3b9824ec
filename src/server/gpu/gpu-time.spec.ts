import { describe, expect, it } from '@jest/globals';
import { ASSUMED_STORAGE_RATE, gpuTimeEstimate } from './gpu-time.js';

const GB = 1e9;

describe('gpuTimeEstimate', () => {
  it('assumes rates until images were taken', () => {
    // 16 GB at 4 GB/s, then at 0.5 GB/s.
    expect(gpuTimeEstimate(16 * GB, [])).toEqual({
      checkpointSeconds: 36,
      restoreSeconds: 36,
      storageBytesPerSecond: ASSUMED_STORAGE_RATE,
      images: 0,
    });
  });

  it('takes the median rate of the images taken, but of small ones', () => {
    const measured = [
      { bytes: 2 * GB, seconds: 2 },
      { bytes: 4 * GB, seconds: 2 },
      { bytes: 1 * GB, seconds: 100 },
      { bytes: 1000, seconds: 0.5 },
      { bytes: 2 * GB, seconds: 0 },
    ];
    expect(gpuTimeEstimate(16 * GB, measured)).toMatchObject({
      storageBytesPerSecond: GB,
      images: 3,
      checkpointSeconds: 20,
    });
  });
});
