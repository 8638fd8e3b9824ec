import { describe, expect, it } from '@jest/globals';
import { type GpuHost, type GpuJob, gpuJobProblem, gpuMemoryProblem } from './gpu-rules.js';

const GIB = 1024 ** 3;
const T4 = { model: 'Tesla T4', memoryBytes: 16 * GIB };
/** g4dn.2xlarge as it is sold. */
const host: GpuHost = { memoryBytes: 32 * GIB, driver: '570.86.15', gpuCheckpoints: true };
const job: GpuJob = { count: 1, gpus: [T4], memoryLimitBytes: 16 * GIB };

describe('gpuJobProblem', () => {
  it('is null for a job that fits, and for one without GPU', () => {
    expect(gpuJobProblem(job, host)).toBeNull();
    expect(gpuJobProblem({ ...job, count: 0, gpus: [] }, { ...host, driver: null })).toBeNull();
  });

  it.each<[string, Partial<GpuJob>, Partial<GpuHost>, string, string[]]>([
    ['two GPUs', { count: 2, gpus: [T4, T4] }, {}, 'several-gpus', ['2 GPUs']],
    ['a driver too old', {}, { driver: '570.85.99' }, 'gpu-driver-too-old', ['570.85.99', '570.86']],
    ['no driver', { gpus: [] }, { driver: null }, 'gpu-driver-too-old', ['no NVIDIA driver answers']],
    [
      'no room for the GPU beside the job',
      { memoryLimitBytes: 17 * GIB },
      {},
      'host-memory-too-small',
      ['17 GiB for the job', '16 GiB for the memory of its GPU (T4)', 'together 33 GiB', 'has 32 GiB'],
    ],
    [
      'no room for the GPU alone',
      { memoryLimitBytes: null },
      { memoryBytes: 15 * GIB },
      'host-memory-too-small',
      ['16 GiB'],
    ],
    ['a GPU that is gone', { gpus: [] }, {}, 'host-not-ready', ['not among those nvidia-smi lists']],
    ['no tools', {}, { gpuCheckpoints: false }, 'host-not-ready', ['cuda-checkpoint', 'T4']],
  ])('names %s, with the numbers', (_, jobChanges, hostChanges, code, words) => {
    const failure = gpuJobProblem({ ...job, ...jobChanges }, { ...host, ...hostChanges });
    expect(failure?.code).toBe(code);
    for (const word of words) expect(failure!.message).toContain(word);
    expect(failure!.remedy).toBeTruthy();
  });

  it('says what the job may take at most', () => {
    const failure = gpuJobProblem({ ...job, memoryLimitBytes: 30 * GIB }, host);
    expect(failure?.remedy).toContain("lower the job's memory to 16 GiB or less");
  });
});

describe('gpuMemoryProblem', () => {
  const moment = {
    gpuBytes: 14 * GIB,
    residentBytes: 2 * GIB,
    availableBytes: 20 * GIB,
    memoryLimitBytes: 16 * GIB,
    workingBytes: GIB / 8,
  };

  it('is null with room in the host and in the limit of the job', () => {
    expect(gpuMemoryProblem(moment)).toBeNull();
    expect(gpuMemoryProblem({ ...moment, memoryLimitBytes: null })).toBeNull();
  });

  it("has the numbers when the job's limit has no room", () => {
    const failure = gpuMemoryProblem({ ...moment, residentBytes: 3 * GIB });
    expect(failure?.code).toBe('host-memory-too-small');
    expect(failure?.message).toMatch(/3\.0 GiB of memory and 14 GiB on its GPU.*17 GiB together.*limit is 16 GiB/);
  });

  it('has the numbers when the host has no room', () => {
    const failure = gpuMemoryProblem({ ...moment, availableBytes: 14 * GIB });
    expect(failure?.code).toBe('host-memory-too-small');
    expect(failure?.message).toMatch(/128 MiB to work in.*14 GiB free.*has 14 GiB/);
  });
});
