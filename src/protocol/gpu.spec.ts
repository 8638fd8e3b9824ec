import { compareDriverVersions, gpuModelName, isDriverSupported, MINIMUM_NVIDIA_DRIVER, sameGpuModel } from './gpu.js';

const MIB = 1024 ** 2;

describe('NVIDIA driver versions', () => {
  it.each([
    ['570.86', true],
    ['570.86.10', true],
    ['570.133.20', true],
    ['580.65.06', true],
    ['1000.1', true],
    ['570.85.99', false],
    ['570.9', false],
    ['565.57.01', false],
    ['none', false],
  ])('%s is new enough for GPU memory: %s', (driver, supported) => {
    expect(isDriverSupported(driver)).toBe(supported);
  });

  it('are compared number by number, and a missing part is 0', () => {
    expect(compareDriverVersions('570.86', '570.86.0')).toBe(0);
    expect(compareDriverVersions('570.133', '570.86.15')).toBeGreaterThan(0);
    expect(compareDriverVersions('570.86', '570.86.15')).toBeLessThan(0);
    expect(compareDriverVersions('570.86.05', '570.86.5')).toBe(0);
    expect(MINIMUM_NVIDIA_DRIVER).toBe('570.86');
  });
});

describe('GPU models', () => {
  it.each([
    ['Tesla T4', 'T4'],
    ['T4', 'T4'],
    ['NVIDIA T4G', 'T4G'],
    ['T4g', 'T4G'],
    ['NVIDIA A10G', 'A10G'],
    ['NVIDIA L4', 'L4'],
    ['NVIDIA L40S', 'L40S'],
    ['Tesla V100-SXM2-16GB', 'V100'],
    ['NVIDIA A100-SXM4-40GB', 'A100'],
    ['NVIDIA H100 80GB HBM3', 'H100'],
    ['NVIDIA RTX PRO 6000 Blackwell Server Edition', 'RTX PRO 6000'],
    ['RTX PRO Server 6000', 'RTX PRO 6000'],
  ])('%s is called %s', (model, name) => {
    expect(gpuModelName(model)).toBe(name);
  });

  it('are the same as the catalogue has them and as the driver shows them', () => {
    expect(
      sameGpuModel({ model: 'T4', memoryBytes: 16_384 * MIB }, { model: 'Tesla T4', memoryBytes: 15_360 * MIB }),
    ).toBe(true);
    expect(
      sameGpuModel({ model: 'A10G', memoryBytes: 24_576 * MIB }, { model: 'NVIDIA A10G', memoryBytes: 23_028 * MIB }),
    ).toBe(true);
  });

  it('are two where the name, or the memory, is another', () => {
    const t4 = { model: 'Tesla T4', memoryBytes: 15_360 * MIB };
    const a100 = (gb: number) => ({ model: `NVIDIA A100-SXM4-${gb}GB`, memoryBytes: gb * 1024 * MIB });
    expect(sameGpuModel(t4, { model: 'NVIDIA A10G', memoryBytes: 23_028 * MIB })).toBe(false);
    expect(sameGpuModel(t4, { model: 'NVIDIA T4G', memoryBytes: 15_360 * MIB })).toBe(false);
    expect(sameGpuModel(a100(40), a100(80))).toBe(false);
  });
});
