import { describe, expect, it } from '@jest/globals';
import type { InstanceGpu, InstanceType } from '../instance-catalog/instance-type.js';
import { gpuFindings, type GpuSituation } from './gpu-findings.js';

const GIB = 1024 ** 3;
const T4: InstanceGpu = { manufacturer: 'NVIDIA', model: 'T4', count: 1, memoryBytes: 16 * GIB };
const job = (memoryGib: number) => ({ name: `train:${memoryGib}`, gpus: 1, memoryBytes: memoryGib * GIB });

function type(instanceType: string, vcpus: number, memoryGib: number, gpu: InstanceGpu | null): InstanceType {
  return {
    instanceType,
    family: instanceType.split('.')[0]!,
    architecture: 'x86_64',
    vcpus,
    memoryBytes: memoryGib * GIB,
    gpu,
    currentGeneration: true,
    spot: true,
    bareMetal: false,
  };
}

const G4DN_XLARGE = type('g4dn.xlarge', 4, 16, T4);
const G4DN_2XLARGE = type('g4dn.2xlarge', 8, 32, T4);
const G4DN_4XLARGE = type('g4dn.4xlarge', 16, 64, T4);
const G4DN_12XLARGE = type('g4dn.12xlarge', 48, 192, { ...T4, count: 4 });
const M6I = type('m6i.xlarge', 4, 16, null);

const find = (instanceTypes: InstanceType[], changes: Partial<GpuSituation> = {}) =>
  gpuFindings({ instanceTypes, jobs: [], measured: [], ...changes });
const codes = (...args: Parameters<typeof find>) => find(...args).map(({ code }) => code);
const errors = (...args: Parameters<typeof find>) =>
  find(...args)
    .filter(({ severity }) => severity === 'error')
    .map(({ code }) => code);

describe('gpuFindings', () => {
  it('has nothing to say of types without GPU', () => expect(find([M6I])).toEqual([]));

  it('only informs of one model with one GPU and memory to spare', () => {
    expect(errors([G4DN_2XLARGE, G4DN_4XLARGE, M6I])).toEqual([]);
    expect(codes([G4DN_2XLARGE, G4DN_4XLARGE])).toEqual(['gpu-memory-reserve', 'gpu-checkpoint-time']);
  });

  it('refuses several GPUs, by name and number', () => {
    expect(errors([G4DN_2XLARGE, G4DN_12XLARGE])).toEqual(['several-gpus']);
    expect(find([G4DN_12XLARGE])[0]?.message).toContain('g4dn.12xlarge (4 GPUs) has more than one GPU');
  });

  it('warns of jobs that ask for several GPUs', () => {
    const jobs = [{ name: 'train:3', gpus: 4, memoryBytes: null }];
    const finding = find([G4DN_2XLARGE], { jobs }).find(({ code }) => code === 'several-gpus');
    expect(finding).toMatchObject({ severity: 'warning' });
    expect(finding!.message).toBe('Job definition train:3 (4 GPUs) asks for more than one GPU.');
  });

  it("refuses GPUs that are not NVIDIA's", () => {
    expect(errors([type('g4ad.xlarge', 4, 16, { ...T4, manufacturer: 'AMD', model: 'Radeon Pro V520' })])).toEqual([
      'gpu-not-supported',
    ]);
  });

  it('says what the GPU leaves of the memory: of 32 GiB and a GPU of 16 GiB, 16 GiB', () => {
    const reserve = find([G4DN_2XLARGE]).find(({ code }) => code === 'gpu-memory-reserve');
    expect(reserve?.message).toContain('g4dn.2xlarge: 32 GiB less 16 GiB of its T4 leaves 16 GiB');
  });

  it('refuses a type whose memory is all needed for its GPU, and one with too little beside the largest job', () => {
    expect(errors([G4DN_XLARGE])).toEqual(['gpu-host-memory-too-small']);
    expect(errors([G4DN_2XLARGE], { jobs: [job(16)] })).toEqual([]);
    const [finding] = find([G4DN_2XLARGE, G4DN_4XLARGE], { jobs: [job(8), job(30)] });
    expect(finding).toMatchObject({ severity: 'error', code: 'gpu-host-memory-too-small' });
    expect(finding!.message).toContain('leaves 16 GiB, and train:30 asks for 30 GiB');
    expect(finding!.message).not.toContain('g4dn.4xlarge');
  });

  it('estimates what the largest GPU adds to a checkpoint and a restore', () => {
    const message = (changes: Partial<GpuSituation>) =>
      find([G4DN_2XLARGE], changes).find(({ code }) => code === 'gpu-checkpoint-time')!.message;
    expect(message({})).toMatch(/adds about 39 s to a checkpoint and 39 s to a restore.*assumed 500 MB\/s/);
    const measured = [{ bytes: 2e9, seconds: 2 }];
    expect(message({ measured })).toMatch(/about 22 s .*at 1000 MB\/s, the median of 1 images taken/);
  });
});
