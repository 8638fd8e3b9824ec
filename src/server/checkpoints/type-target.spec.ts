import type { HostFacts } from '../../protocol/host-facts.js';
import type { ImageNeeds } from '../../protocol/compatibility.js';
import { Catalogue } from '../instance-catalog/catalogue.js';
import { readSnapshot } from '../instance-catalog/instance-type-snapshot.js';
import { typeTarget } from './type-target.js';

const GIB = 1024 ** 3;
const catalogue = new Catalogue(readSnapshot().types);
const type = (name: string) => catalogue.get(name)!;
const FACTS: HostFacts = {
  hostName: 'ip-10-0-0-12',
  architecture: 'x86_64',
  kernel: '6.1.112',
  cpu: { vendor: 'GenuineIntel', model: 'Xeon 8375C', cores: 4, flags: ['avx2', 'avx512f', 'sse2'], xsaveBytes: 2696 },
  memoryBytes: 16 * GIB,
  gpus: [],
  nvidiaDriver: null,
  cgroupVersion: 2,
  software: { batchpoint: '0.1.0', criu: '4.2.1', runc: '1.3.6', docker: '25.0.8' },
  instance: null,
};
const image = (changes: Partial<HostFacts> = {}, needs: Partial<ImageNeeds> = {}): ImageNeeds => ({
  host: { ...FACTS, ...changes, hostId: 'host_1' },
  residentBytes: GIB,
  gpus: [],
  ...needs,
});
const T4 = { model: 'Tesla T4', memoryBytes: 15 * GIB };
const onT4 = image({ gpus: [T4], nvidiaDriver: '570.133.20', memoryBytes: 32 * GIB }, { gpus: [T4] });
const older = { ...FACTS.cpu, flags: ['avx2', 'sse2'], xsaveBytes: 832 };

describe('An instance type as a target', () => {
  it('is judged by its group while no host of it has been seen', () => {
    expect(typeTarget(image(), type('m6i.xlarge'), [], true)).toEqual({
      instanceType: 'm6i.xlarge',
      basis: 'group',
      suitable: true,
      obstacles: [],
    });
  });

  it('is neither suitable nor not where nothing is known', () => {
    expect(typeTarget(image(), type('m6a.xlarge'), [], false)).toMatchObject({ basis: 'unknown', suitable: null });
  });

  it('is judged by what hosts measured, whatever the group says', () => {
    expect(typeTarget(image(), type('m5.xlarge'), [FACTS], false)).toMatchObject({ basis: 'measured', suitable: true });
    expect(typeTarget(image(), type('m5.xlarge'), [{ ...FACTS, cpu: older }], true)).toMatchObject({
      basis: 'measured',
      suitable: false,
      obstacles: [
        { code: 'cpu-features-missing', message: expect.stringContaining("m5.xlarge's Xeon 8375C lacks: avx512f") },
        { code: 'cpu-features-missing', message: expect.stringContaining('m5.xlarge takes 832') },
      ],
    });
  });

  it('has only what all its hosts have: AWS sells one type with several processors', () => {
    for (const order of [
      [FACTS, { ...FACTS, cpu: older }],
      [{ ...FACTS, cpu: older }, FACTS],
    ]) {
      const target = typeTarget(image(), type('m5.xlarge'), order, false);
      expect(target.obstacles.map(({ code }) => code)).toEqual(['cpu-features-missing', 'cpu-features-missing']);
    }
  });

  it('has the software of the host heard of last', () => {
    const old = { ...FACTS, kernel: '5.10.1', software: { ...FACTS.software, criu: '3.17' } };
    expect(typeTarget(image(), type('m6i.large'), [FACTS, old], false).obstacles).toEqual([]);
    expect(typeTarget(image(), type('m6i.large'), [old, FACTS], false).obstacles.map(({ code }) => code)).toEqual([
      'kernel-too-old',
      'criu-too-old',
    ]);
  });

  it('of another architecture never takes it', () => {
    expect(typeTarget(image(), type('m6g.xlarge'), [], false)).toMatchObject({
      basis: 'unknown',
      suitable: false,
      obstacles: [{ code: 'architecture-mismatch', message: 'the image was taken on x86_64, m6g.xlarge is aarch64' }],
    });
  });

  it('needs the memory', () => {
    const large = image({}, { residentBytes: 12 * GIB });
    expect(typeTarget(large, type('m6i.xlarge'), [], true).suitable).toBe(true);
    expect(typeTarget(large, type('m6i.large'), [], true).obstacles).toMatchObject([
      { code: 'host-memory-too-small', message: 'the image needs 12.0 GiB of memory, m6i.large has 8.0 GiB' },
    ]);
  });

  it('needs one GPU of the same model', () => {
    const codes = (name: string): string[] => typeTarget(onT4, type(name), [], true).obstacles.map(({ code }) => code);
    expect(codes('g4dn.2xlarge')).toEqual([]);
    expect(codes('g4dn.4xlarge')).toEqual([]);
    expect(codes('g4dn.12xlarge')).toEqual(['several-gpus']);
    expect(codes('g5.2xlarge')).toEqual(['gpu-model-mismatch']);
    expect(codes('m5.4xlarge')).toEqual(['gpu-model-mismatch']);
    // 16 GiB of memory hold the job, but not what its GPU has as well.
    expect(codes('g4dn.xlarge')).toEqual([]);
    expect(
      typeTarget({ ...onT4, residentBytes: 2 * GIB }, type('g4dn.xlarge'), [], true).obstacles.map(({ code }) => code),
    ).toEqual(['host-memory-too-small']);
  });

  it('has the driver that its hosts have; one that did not look for GPUs says nothing of them', () => {
    const host = { ...FACTS, memoryBytes: 32 * GIB, gpus: [T4], nvidiaDriver: '565.57.01' };
    expect(typeTarget(onT4, type('g4dn.2xlarge'), [host], true).obstacles).toMatchObject([
      { code: 'gpu-driver-too-old', message: expect.stringContaining('g4dn.2xlarge has NVIDIA driver 565.57.01') },
    ]);
    const { gpus: _, nvidiaDriver: __, ...blind } = host;
    expect(typeTarget(onT4, type('g4dn.2xlarge'), [blind], true)).toMatchObject({ basis: 'measured', suitable: true });
  });

  it('gets all reasons, not the first', () => {
    const worse = { ...FACTS, kernel: '5.10.1', cpu: older, memoryBytes: GIB, cgroupVersion: 1 as const };
    expect(typeTarget(onT4, type('m5.large'), [worse], true).obstacles.map(({ code }) => code)).toEqual([
      'cpu-features-missing',
      'cpu-features-missing',
      'kernel-too-old',
      'cgroup-version-mismatch',
      'host-memory-too-small',
      'gpu-model-mismatch',
    ]);
  });
});
