import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '../../src/protocol/ids.js';
import type { HostFacts } from '../../src/protocol/host-facts.js';
import { sealDirectory } from '../../src/agent/image-store/file-digests.js';
import type { ImageStore, ManifestDraft } from '../../src/agent/image-store/image-store.js';
import { STAGING_HOST_FILE } from '../../src/agent/image-store/store-layout.js';
import type { ReadableImage } from '../../src/agent/image-store/stored-image.js';

/** A host as an agent would have measured it; for tests in which no image is restored. */
export const SAMPLE_FACTS: HostFacts = {
  hostName: 'sample',
  architecture: 'x86_64',
  kernel: '6.1.0',
  cpu: { vendor: 'GenuineIntel', model: 'sample', cores: 2, flags: ['avx', 'sse2'], xsaveBytes: 832 },
  memoryBytes: 1024 ** 3,
  cgroupVersion: 1,
  software: { batchpoint: '0.1.0', criu: '4.2.1', runc: '1.1.5', docker: '20.10.24' },
  instance: null,
};

export function sampleDraft(jobId: string, checkpointId: string, containerId: string, hostId: string): ManifestDraft {
  return {
    checkpointId,
    parentId: null,
    restoredFrom: null,
    createdAt: new Date().toISOString(),
    trigger: 'manual',
    job: { jobId, attempt: 1, jobQueue: null, computeEnvironment: null },
    host: { ...SAMPLE_FACTS, hostId },
    container: {
      containerId,
      image: { name: 'sample', id: 'sha256:0' },
      command: ['true'],
      tty: false,
      networkMode: 'none',
      mounts: [],
      docker: { config: {}, hostConfig: {} },
    },
    tcpLocalAddresses: [],
    tcpPeersOutside: false,
    residentBytes: 0,
    writableLayer: { file: 'layer.tar', bytes: 0 },
    bindMountFiles: [],
    measured: { freezeSeconds: 0, dumpSeconds: 0, totalSeconds: 0 },
  };
}

/** Stages, seals and commits an image of random content, as the pipeline does. */
export async function commitSample(
  store: ImageStore,
  jobId: string,
  options: { containerId?: string; bytes?: number; checkpointId?: string } = {},
): Promise<ReadableImage> {
  const { containerId = 'c1', bytes = 100_000, checkpointId = newId('checkpoint') } = options;
  const staging = await store.beginStaging(jobId, checkpointId);
  await mkdir(join(staging.directory, 'criu'));
  await writeFile(join(staging.directory, 'criu', 'pages-1.img'), randomBytes(bytes));
  await writeFile(join(staging.directory, 'criu', 'inventory.img'), 'inventory');
  await writeFile(join(staging.directory, 'layer.tar'), '');
  const files = await sealDirectory(staging.directory, new Set([STAGING_HOST_FILE]));
  return store.commit(staging, sampleDraft(jobId, checkpointId, containerId, store.hostId), files);
}
