import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { installFakeCudaTools } from '../../../test/fakes/fake-nvidia-tools.js';
import { gpuEngineParts, missingGpuParts } from './gpu-engine.js';

describe('gpuEngineParts', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'bp-cuda-'));
    installFakeCudaTools(directory);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it("finds cuda-checkpoint beside CRIU, and the plugin where CRIU's own variable says", () => {
    const parts = gpuEngineParts(directory, { PATH: '/nowhere', CRIU_LIBS_DIR: directory });
    expect(parts).toEqual({ cudaCheckpoint: join(directory, 'cuda-checkpoint'), pluginDir: directory });
    expect(missingGpuParts(parts)).toEqual([]);
  });

  it('names what is missing', () => {
    expect(missingGpuParts({ cudaCheckpoint: null, pluginDir: '/usr/lib/criu' })).toEqual(["NVIDIA's cuda-checkpoint"]);
    expect(missingGpuParts({ cudaCheckpoint: '/usr/bin/cuda-checkpoint', pluginDir: null })[0]).toContain(
      'cuda_plugin.so',
    );
  });
});
