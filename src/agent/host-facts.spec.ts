import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { installFakeCudaTools, installFakeNvidia, T4 } from '../../test/fakes/fake-nvidia-tools.js';
import { hostFactsSchema } from '../protocol/host-facts.js';
import { cpuFacts, measureHostFacts } from './host-facts.js';

function auxv(entries: [number, number][]): Buffer {
  const buffer = Buffer.alloc(entries.length * 16);
  entries.forEach(([key, value], index) => {
    buffer.writeBigUInt64LE(BigInt(key), index * 16);
    buffer.writeBigUInt64LE(BigInt(value), index * 16 + 8);
  });
  return buffer;
}

describe('cpuFacts', () => {
  it('reads an x86 processor, flags sorted, and the size of its extended state', () => {
    const text =
      'processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R)\nflags\t\t: xsave fpu avx2\n\nprocessor\t: 1\n';
    // As seen on a processor with AMX: 11008 bytes by CPUID leaf 0xD, 11952 in the auxiliary vector.
    expect(
      cpuFacts(
        text,
        auxv([
          [33, 1],
          [51, 11952],
          [0, 0],
        ]),
      ),
    ).toMatchObject({
      vendor: 'GenuineIntel',
      model: 'Intel(R) Xeon(R)',
      flags: ['avx2', 'fpu', 'xsave'],
      xsaveBytes: 11008,
    });
  });

  it('reads an arm processor, which has no such state', () => {
    const text = 'processor\t: 0\nFeatures\t: fp asimd sve\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n';
    expect(
      cpuFacts(
        text,
        auxv([
          [51, 4720],
          [0, 0],
        ]),
      ),
    ).toMatchObject({ vendor: '0x41', model: 'part 0xd40', flags: ['asimd', 'fp', 'sve'], xsaveBytes: null });
  });

  it('says null where the kernel does not tell', () => {
    expect(cpuFacts('flags : xsave', auxv([[0, 0]])).xsaveBytes).toBeNull();
  });
});

describe('measureHostFacts', () => {
  it('describes this machine as the protocol asks, with null for tools that are not there', async () => {
    const facts = await measureHostFacts({
      runc: '/nowhere/runc',
      criuDir: '',
      dockerVersion: () => Promise.resolve(null),
    });
    expect(hostFactsSchema.parse(facts)).toEqual(facts);
    expect(facts.software.runc).toBeNull();
    expect(facts.software.batchpoint).toMatch(/^\d+\.\d+\.\d+/);
    expect(facts).toMatchObject({ gpus: [], nvidiaDriver: null, gpuCheckpoints: false });
  });

  it('has the GPUs, the driver, and whether GPU memory can be carried, where (a stand-in for) nvidia-smi is installed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'bp-facts-'));
    installFakeNvidia(directory, { gpus: [T4], driver: '570.86.15' });
    installFakeCudaTools(directory);
    const before = process.env['PATH'];
    process.env['PATH'] = `${directory}:${before}`;
    process.env['CRIU_LIBS_DIR'] = directory;
    try {
      const facts = await measureHostFacts({ runc: null, criuDir: '', dockerVersion: () => Promise.resolve(null) });
      expect(facts).toMatchObject({
        gpus: [{ model: 'Tesla T4', memoryBytes: 15360 * 1024 ** 2, uuid: T4.uuid }],
        nvidiaDriver: '570.86.15',
        gpuCheckpoints: true,
      });
      expect(hostFactsSchema.parse(facts)).toEqual(facts);
    } finally {
      process.env['PATH'] = before;
      delete process.env['CRIU_LIBS_DIR'];
      rmSync(directory, { recursive: true });
    }
  });
});
