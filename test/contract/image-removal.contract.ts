import { execFileSync } from 'node:child_process';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import type { ImageStore } from '../../src/agent/image-store/image-store.js';
import { commitSample } from '../support/image-samples.js';

/** Part of the image store's contract: images that go while somebody looks. */
export function removalContract(host: () => { store: ImageStore; newJob: () => string }): void {
  it('leaves out an image that another host removes while it is being listed', async () => {
    const { store, newJob } = host();
    const job = newJob();
    const kept = await commitSample(store, job);
    const { directory } = await commitSample(store, job);
    // A manifest that is read only when we let it.
    const manifest = join(directory, 'manifest.json');
    await rm(manifest);
    execFileSync('mkfifo', [manifest]);
    const listing = store.list(job);
    const pipe = await open(manifest, 'w');
    await rename(directory, join(directory, '..', '.removed-meanwhile'));
    await pipe.close();
    expect((await listing).map((entry) => entry.checkpointId)).toEqual([kept.checkpointId]);
  });
}
