import { Catalogue } from './catalogue.js';
import { toInstanceType } from './described-instance-type.js';
import { readSnapshot, writeSnapshot } from './instance-type-snapshot.js';

const snapshot = readSnapshot();
const catalogue = new Catalogue(snapshot.types);
const expanded = (...allowed: string[]): string[] => catalogue.expand(allowed).types.map((type) => type.instanceType);

describe('The catalogue', () => {
  it('gives the types that an environment’s list stands for', () => {
    expect(expanded('m6i.large', 'm6i.large', 'g6.xlarge')).toEqual(['m6i.large', 'g6.xlarge']);
    expect(expanded('g4dn')).toEqual(
      ['xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge'].map((size) => `g4dn.${size}`),
    );
    expect(expanded('g4dn.metal')).toEqual(['g4dn.metal']);
    const families = (word: string): string[] => [
      ...new Set(catalogue.expand([word]).types.map((type) => type.family)),
    ];
    expect(families('default_x86_64')).toEqual(['m6i', 'c6i', 'r6i', 'c7i']);
    expect(families('optimal')).toEqual(families('default_x86_64'));
    expect(families('default_arm64')).toEqual(['m6g', 'c6g', 'r6g', 'c7g']);
  });

  it('names what it does not have', () => {
    expect(catalogue.expand(['m6i.3xlarge', 'm6', 'm6i.large'])).toMatchObject({ unknown: ['m6i.3xlarge', 'm6'] });
  });
});

describe('The snapshot', () => {
  it('says where it comes from and of when it is', () => {
    expect(snapshot.source).toContain('EC2 DescribeInstanceTypes');
    expect(snapshot.asOf.getTime()).toBeGreaterThan(Date.parse('2026-01-01'));
  });

  it('is written as it is read', () => {
    const text = writeSnapshot(snapshot.source, snapshot.asOf.toISOString(), snapshot.types);
    expect(text).toHaveLength(JSON.stringify(JSON.parse(text)).length + text.split('\n').length - 1);
    expect(text.split('\n').length).toBeGreaterThan(snapshot.types.length);
    expect(snapshot.types.find((type) => type.instanceType === 'p4d.24xlarge')).toEqual({
      instanceType: 'p4d.24xlarge',
      family: 'p4d',
      architecture: 'x86_64',
      vcpus: 96,
      memoryBytes: 1152 * 1024 ** 3,
      gpu: { manufacturer: 'NVIDIA', model: 'A100', count: 8, memoryBytes: 40 * 1024 ** 3 },
      currentGeneration: true,
      spot: true,
      bareMetal: false,
    });
  });
});

describe('What EC2 describes', () => {
  const described = {
    instanceType: 'm1.small',
    architectures: ['i386', 'x86_64'],
    vcpus: 1,
    memoryMiB: 1740,
    gpus: [],
    currentGeneration: false,
    usageClasses: ['on-demand', 'spot'],
    bareMetal: false,
  };

  it('becomes a type in our words', () => {
    expect(toInstanceType(described)).toEqual({
      instanceType: 'm1.small',
      family: 'm1',
      architecture: 'x86_64',
      vcpus: 1,
      memoryBytes: 1740 * 1024 ** 2,
      gpu: null,
      currentGeneration: false,
      spot: true,
      bareMetal: false,
    });
    const gpus = [{ manufacturer: 'NVIDIA', name: 'T4g', count: 2, memoryMiB: 16_384 }];
    expect(toInstanceType({ ...described, architectures: ['arm64'], gpus, usageClasses: ['on-demand'] })).toMatchObject(
      {
        architecture: 'aarch64',
        spot: false,
        gpu: { manufacturer: 'NVIDIA', model: 'T4g', count: 2, memoryBytes: 16 * 1024 ** 3 },
      },
    );
  });

  it.each([['arm64_mac'], ['x86_64_mac']])('is left out where it runs no Linux: %s', (architecture) => {
    expect(toInstanceType({ ...described, architectures: [architecture] })).toBeNull();
  });
});
