import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { A10G, type FakeNvidia, installFakeNvidia, T4 } from '../../../test/fakes/fake-nvidia-tools.js';
import { gpuMemoryInUse, inUseBytes, measureGpus, parseGpus } from './nvidia-smi.js';

const MIB = 1024 ** 2;

describe('parseGpus', () => {
  it('reads a line a GPU, and the driver', () => {
    expect(parseGpus('Tesla T4, 15360, 570.86.15, GPU-1a2b\nTesla T4, 15360, 570.86.15, GPU-3c4d\n')).toEqual({
      gpus: [
        { model: 'Tesla T4', memoryBytes: 15360 * MIB, uuid: 'GPU-1a2b' },
        { model: 'Tesla T4', memoryBytes: 15360 * MIB, uuid: 'GPU-3c4d' },
      ],
      driver: '570.86.15',
    });
  });

  it('passes over what is no GPU, and a UUID the driver does not tell', () => {
    const csv = 'Warning: infoROM is corrupted at gpu 0000:00:1E.0\nNVIDIA A10G, 23028, 550.54, [N/A]\n';
    expect(parseGpus(csv)).toEqual({ gpus: [{ model: 'NVIDIA A10G', memoryBytes: 23028 * MIB }], driver: '550.54' });
  });

  it.each(['', 'No devices were found\n'])('finds none in %j', (csv) =>
    expect(parseGpus(csv)).toEqual({ gpus: [], driver: null }),
  );
});

describe('inUseBytes', () => {
  it('adds up what the processes of the job hold', () => {
    expect(inUseBytes('100, 512\n200, 1024\n300, 4096\n', [100, 300, 400])).toBe(4608 * MIB);
    expect(inUseBytes('', [100])).toBe(0);
  });

  it('does not know where the driver does not tell', () => {
    expect(inUseBytes('100, 512\n200, [N/A]\n', [100, 200])).toBeNull();
    expect(inUseBytes('100, 512\n200, [N/A]\n', [100])).toBe(512 * MIB);
  });
});

describe('with a stand-in for nvidia-smi in PATH', () => {
  const path = process.env['PATH'];
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'bp-nvidia-'));
    process.env['PATH'] = `${directory}:/usr/bin:/bin`;
  });
  afterEach(() => {
    process.env['PATH'] = path;
    rmSync(directory, { recursive: true });
  });
  const install = (nvidia: Partial<FakeNvidia>): void =>
    installFakeNvidia(directory, { gpus: [T4], driver: '570.86.15', ...nvidia });

  it('measures the GPUs of the machine', async () => {
    install({ gpus: [T4, A10G] });
    expect(await measureGpus()).toEqual({
      gpus: [
        { model: 'Tesla T4', memoryBytes: 15360 * MIB, uuid: T4.uuid },
        { model: 'NVIDIA A10G', memoryBytes: 23028 * MIB, uuid: A10G.uuid },
      ],
      driver: '570.86.15',
      problem: null,
    });
  });

  it('finds none, and nothing wrong, where it is not installed', async () => {
    process.env['PATH'] = directory;
    expect(await measureGpus()).toEqual({ gpus: [], driver: null, problem: null });
    expect(await gpuMemoryInUse([1])).toBeNull();
  });

  it('says what it says when it fails', async () => {
    install({ failure: 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.' });
    const { gpus, driver, problem } = await measureGpus();
    expect([gpus, driver]).toEqual([[], null]);
    expect(problem).toMatch(/could not communicate/);
  });

  it('asks what processes hold', async () => {
    install({
      apps: [
        { pid: 7, mib: 2048 },
        { pid: 8, mib: null },
      ],
    });
    expect(await gpuMemoryInUse([7])).toBe(2048 * MIB);
    expect(await gpuMemoryInUse([7, 8])).toBeNull();
  });
});
