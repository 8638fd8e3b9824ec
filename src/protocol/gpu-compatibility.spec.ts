import { gpuIncompatibilities, type GpuFacts } from './gpu-compatibility.js';

const MIB = 1024 ** 2;
const T4 = { model: 'Tesla T4', memoryBytes: 15_360 * MIB };
const A10G = { model: 'NVIDIA A10G', memoryBytes: 23_028 * MIB };
const g4dn: GpuFacts = { gpus: [T4], driver: '570.133.20' };
const g5: GpuFacts = { gpus: [A10G], driver: '570.133.20' };

const codes = (image: GpuFacts, host: GpuFacts): string[] => gpuIncompatibilities(image, host).map(({ code }) => code);

describe('where GPU memory can go', () => {
  it('to a host with one GPU of the same model, and an image without any goes anywhere', () => {
    expect(gpuIncompatibilities(g4dn, g4dn)).toEqual([]);
    expect(gpuIncompatibilities({ gpus: [], driver: '570.133.20' }, { gpus: [], driver: null })).toEqual([]);
    expect(gpuIncompatibilities({ gpus: [], driver: null }, { gpus: [T4, T4], driver: null })).toEqual([]);
  });

  it('not to another model, naming both with their memory', () => {
    expect(gpuIncompatibilities(g4dn, g5)).toEqual([
      {
        code: 'gpu-model-mismatch',
        message: 'the image holds the memory of a GPU T4 (15.0 GiB), this host has A10G (22.5 GiB)',
        remedy: 'allow only instance types with one T4 GPU in the compute environment',
      },
    ]);
  });

  it('not to a host without one', () => {
    const [reason, ...rest] = gpuIncompatibilities(g4dn, { gpus: [], driver: null });
    expect(reason).toMatchObject({ code: 'gpu-model-mismatch', message: expect.stringContaining('has no GPU') });
    expect(rest).toEqual([]);
  });

  it('neither from nor to several', () => {
    expect(codes({ ...g4dn, gpus: [T4, T4] }, g4dn)).toEqual(['several-gpus']);
    expect(codes(g4dn, { ...g4dn, gpus: [T4, T4, T4, T4] })).toEqual(['several-gpus']);
  });

  it.each([
    ['570.133.20', '570.133.20', undefined],
    ['570.86', '580.65.06', undefined],
    [null, '570.86', undefined],
    ['580.65.06', '570.133.20', 'taken with NVIDIA driver 580.65.06, this host has the older 570.133.20'],
    ['570.86', '565.57.01', 'driver 565.57.01, older than 570.86'],
    ['570.86', null, 'no NVIDIA driver answers'],
  ])('from driver %s to driver %s: %s', (from, to, message) => {
    const reasons = gpuIncompatibilities({ ...g4dn, driver: from }, { ...g4dn, driver: to });
    if (message === undefined) expect(reasons).toEqual([]);
    else expect(reasons).toMatchObject([{ code: 'gpu-driver-too-old', message: expect.stringContaining(message) }]);
  });

  it('gives all reasons', () => {
    expect(codes({ ...g4dn, gpus: [T4, T4] }, { gpus: [A10G, A10G], driver: '535.1' })).toEqual([
      'several-gpus',
      'gpu-model-mismatch',
      'gpu-driver-too-old',
    ]);
  });
});
