import fc from 'fast-check';
import { type Manifest, ManifestError, parseManifest } from './manifest.js';

const manifest: Manifest = {
  format: 'batchpoint.checkpoint',
  version: 1,
  checkpointId: 'ckpt_019aa0b4-6f0c-7c3e-9b1f-1d2f3a4b5c6d',
  sequence: 3,
  parentId: null,
  restoredFrom: 'ckpt_019aa0b4-0000-7c3e-9b1f-1d2f3a4b5c6d',
  createdAt: '2026-01-31T12:00:00.000Z',
  trigger: 'periodic',
  job: {
    jobId: '6a1f3d5e-0000-4000-8000-000000000001',
    attempt: 2,
    jobQueue: 'genomics',
    computeEnvironment: 'spot-m6i',
  },
  host: {
    hostId: 'host_019aa0b4-6f0c-7c3e-9b1f-1d2f3a4b5c6d',
    hostName: 'ip-10-0-0-12',
    architecture: 'x86_64',
    kernel: '6.1.112-122.189.amzn2023.x86_64',
    cpu: { vendor: 'GenuineIntel', model: 'Intel(R) Xeon(R)', cores: 4, flags: ['avx2', 'sse2'], xsaveBytes: 2696 },
    memoryBytes: 17_179_869_184,
    cgroupVersion: 2,
    software: { batchpoint: '0.1.0', criu: '4.2.1', runc: '1.3.6', docker: null },
    instance: {
      instanceId: 'i-0123456789abcdef0',
      instanceType: 'm6i.xlarge',
      region: 'us-east-1',
      availabilityZone: 'us-east-1a',
    },
  },
  container: {
    containerId: 'f0e1d2c3b4a5',
    image: { name: 'bwa:1', id: `sha256:${'a'.repeat(64)}` },
    command: ['sh', '-c', 'bwa mem ref.fa reads.fq | samtools sort'],
    tty: false,
    networkMode: 'host',
    mounts: [{ destination: '/data', source: '/mnt/data', type: 'bind', readOnly: false }],
    docker: { config: { Env: ['AWS_BATCH_JOB_ID=1'] }, hostConfig: { NetworkMode: 'host' } },
  },
  tcpLocalAddresses: ['127.0.0.1'],
  tcpPeersOutside: false,
  residentBytes: 536_870_912,
  writableLayer: { file: 'layer.tar', bytes: 10_240 },
  bindMountFiles: [{ destination: '/data', path: 'out/sorted.bam', bytes: 4096 }],
  files: [{ path: 'criu/pages-1.img', bytes: 536_870_912, xxh128: 'b'.repeat(32) }],
  totalBytes: 536_881_152,
  measured: { freezeSeconds: 0.35, dumpSeconds: 0.3, totalSeconds: 1.9 },
};

function reasonOf(text: string): string {
  try {
    parseManifest(text);
  } catch (error) {
    if (error instanceof ManifestError) return error.reason;
    throw error;
  }
  throw new Error('it was read');
}

/** The manifest with one member, named by its path, replaced. */
function withMember(path: string, value: unknown): string {
  const copy = structuredClone(manifest) as unknown as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop()!;
  const parent = keys.reduce((at, key) => at[key] as Record<string, unknown>, copy);
  parent[last] = value;
  return JSON.stringify(copy);
}

describe('parseManifest', () => {
  it('reads what was written', () => {
    expect(parseManifest(JSON.stringify(manifest))).toEqual(manifest);
  });

  it('reads nulls where they have a meaning', () => {
    for (const path of [
      'parentId',
      'restoredFrom',
      'writableLayer',
      'job.attempt',
      'job.jobQueue',
      'host.instance',
      'host.cpu.xsaveBytes',
    ]) {
      expect(() => parseManifest(withMember(path, null))).not.toThrow();
    }
  });

  it.each([
    ['', 'not JSON'],
    ['{"format":"batchpoint.check', 'not JSON'],
    ['null', '"format" is not batchpoint.checkpoint'],
    ['[]', '"format" is not batchpoint.checkpoint'],
    ['"text"', '"format" is not batchpoint.checkpoint'],
    ['{}', '"format" is not batchpoint.checkpoint'],
    ['{"format":"other","version":1}', '"format" is not batchpoint.checkpoint'],
    [JSON.stringify({ ...manifest, version: 2 }), 'version 2 (this program reads 1); upgrade batchpoint on this host'],
  ])('refuses %j', (text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });

  it.each([
    ['sequence', 0],
    ['sequence', 1.5],
    ['totalBytes', -1],
    ['createdAt', 'yesterday'],
    ['trigger', 'full-moon'],
    ['job.jobId', 7],
    ['host.cgroupVersion', 3],
    ['host.cpu.flags', 'avx2 sse2'],
    ['container.command', undefined],
    ['files.0.xxh128', 'B'.repeat(32)],
    ['files.0.xxh128', 'b'.repeat(31)],
    ['files.0.bytes', '512'],
    ['writableLayer.bytes', null],
    ['measured.freezeSeconds', -0.1],
  ])('refuses %s = %j by the name of the field', (path, value) => {
    expect(reasonOf(withMember(path, value))).toMatch(new RegExp(`^${path.replaceAll('.', '\\.')}: `));
  });

  it('refuses an incremental image with GPU memory: such images are full ones', () => {
    const gpus = [{ model: 'Tesla T4', memoryBytes: 16_106_127_360 }];
    const parentId = 'ckpt_019aa0b4-0000-7c3e-9b1f-1d2f3a4b5c6d';
    expect(parseManifest(JSON.stringify({ ...manifest, gpus })).gpus).toEqual(gpus);
    expect(parseManifest(JSON.stringify({ ...manifest, parentId })).parentId).toBe(parentId);
    expect(reasonOf(JSON.stringify({ ...manifest, gpus, parentId }))).toBe(
      'parentId: an image with the memory of a GPU is always a full one',
    );
  });

  it('fails in its own words on any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => expect(() => parseManifest(text)).toThrow(ManifestError)),
    );
  });

  it('fails in its own words when cut short anywhere: a torn write is never read', () => {
    const text = JSON.stringify(manifest);
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), (length) =>
        expect(reasonOf(text.slice(0, length))).toBe('not JSON'),
      ),
    );
  });
});
