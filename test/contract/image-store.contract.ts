import { spawn } from 'node:child_process';
import {
  appendFile,
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FailureError } from '../../src/protocol/failure.js';
import { newId } from '../../src/protocol/ids.js';
import { ImageStore } from '../../src/agent/image-store/image-store.js';
import { isReadable, type ReadableImage } from '../../src/agent/image-store/stored-image.js';
import { jobDirectory } from '../../src/agent/image-store/store-layout.js';
import { commitSample, sampleDraft } from '../support/image-samples.js';
import { removalContract } from './image-removal.contract.js';
import { subpathContract } from './image-subpath.contract.js';

/** A kind of storage, ready for use. */
export interface StorageUnderTest {
  /** The storage as one host sees it. */
  mountPath: string;
  /** The same as another host sees it; equal where one mount is all there is. */
  otherMountPath: string;
  fileSystemTypes: string[];
  remove(): Promise<void>;
}

const failureCode = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no failure',
    (error: unknown) => (error instanceof FailureError ? error.failure.code : String(error)),
  );

const readable = (entries: Awaited<ReturnType<ImageStore['list']>>): ReadableImage[] => entries.filter(isReadable);

/** What every storage must give: run against each kind. */
export function imageStoreContract(kind: string, create: () => Promise<StorageUnderTest>): void {
  describe(`image store on ${kind}`, () => {
    let storage: StorageUnderTest;
    let store: ImageStore;
    let other: ImageStore;
    let jobs = 0;
    const newJob = (): string => `job-${(jobs += 1)}`;

    beforeAll(async () => {
      storage = await create();
      store = await ImageStore.open(storage, 'host-a');
      other = await ImageStore.open({ ...storage, mountPath: storage.otherMountPath }, 'host-b');
    }, 120_000);
    afterAll(() => storage?.remove(), 60_000);

    it('lists what was committed, newest first, on every host, and reads it back whole', async () => {
      const job = newJob();
      const first = await commitSample(store, job);
      const second = await commitSample(store, job);
      expect([first.sequence, second.sequence]).toEqual([1, 2]);
      const seen = readable(await other.list(job));
      expect(seen.map(({ checkpointId }) => checkpointId)).toEqual([second.checkpointId, first.checkpointId]);
      expect(seen[0]!.manifest).toEqual(second.manifest);
      const verified = await other.verify(job, seen[0]!);
      expect(verified).toMatchObject({ bytesRead: second.manifest.totalBytes, extraFiles: [] });
      expect(await readdir(jobDirectory(store.root, job))).toHaveLength(2);
    });

    it('knows nothing of a job without images, and of ids that are no file names', async () => {
      expect(await store.list('never-seen')).toEqual([]);
      expect(await store.find('never-seen', 'x')).toBeNull();
      expect(await store.remove('never-seen', 'x')).toBe(false);
      expect(await store.prune('never-seen', 1)).toEqual([]);
      const odd = '../../etc/passwd\n';
      const image = await commitSample(store, odd);
      expect(image.directory.startsWith(`${store.root}/jobs/x-`)).toBe(true);
      expect(readable(await store.list(odd))).toHaveLength(1);
      await store.removeJob(odd);
    });

    subpathContract(() => ({ storage, store, other, newJob }));
    removalContract(() => ({ store, newJob }));

    it('finds a flipped byte', async () => {
      const job = newJob();
      const [old, image] = [await commitSample(store, job), await commitSample(store, job)];
      const file = await open(join(image.directory, 'criu/pages-1.img'), 'r+');
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, 5000);
      await file.write(Buffer.from([byte[0]! ^ 1]), 0, 1, 5000);
      await file.close();
      const error = await store.verify(job, image).catch((reason: unknown) => reason as FailureError);
      expect((error as FailureError).failure).toMatchObject({
        code: 'digest-mismatch',
        message: expect.stringContaining('criu/pages-1.img'),
      });
      await store.verify(job, old);
    });

    it('finds a file cut short, lengthened or missing, and reports files that do not belong', async () => {
      const job = newJob();
      const image = await commitSample(store, job);
      await writeFile(join(image.directory, 'criu', 'extra'), '');
      expect((await store.verify(job, image)).extraFiles).toEqual(['criu/extra']);
      await appendFile(join(image.directory, 'layer.tar'), 'x');
      expect(await failureCode(store.verify(job, image))).toBe('digest-mismatch');
      await truncate(join(image.directory, 'criu/inventory.img'), 2);
      expect(await failureCode(store.verify(job, image))).toBe('digest-mismatch');
      await rm(join(image.directory, 'criu/inventory.img'));
      expect(await failureCode(store.verify(job, image))).toMatch(/file-missing|digest-mismatch/);
    });

    it('lists an image with a damaged manifest as unreadable, with the reason, and the others as they are', async () => {
      const job = newJob();
      const images: ReadableImage[] = [];
      for (let i = 0; i < 5; i += 1) images.push(await commitSample(store, job));
      const manifest = (i: number): string => join(images[i]!.directory, 'manifest.json');
      await truncate(manifest(1), 200);
      await rm(manifest(2));
      await writeFile(manifest(3), (await readFile(manifest(3), 'utf8')).replace('"manual"', '"periodic"'));
      await rename(manifest(0), `${manifest(0)}.away`);
      await writeFile(manifest(0), await readFile(manifest(4)));
      await writeFile(`${manifest(0)}.sha256`, await readFile(`${manifest(4)}.sha256`));
      const entries = await store.list(job);
      expect(entries.map(isReadable)).toEqual([true, false, false, false, false]);
      for (const entry of entries.slice(1)) {
        expect('failure' in entry && entry.failure).toMatchObject({
          code: 'manifest-unreadable',
          remedy: expect.any(String),
        });
      }
      expect(await failureCode(store.read(job, entries[1]!))).toBe('manifest-unreadable');
    });

    it('refuses an image whose manifest points outside of it', async () => {
      const job = newJob();
      const checkpointId = newId('checkpoint');
      const staging = await store.beginStaging(job, checkpointId);
      const escape = [{ path: '../../../store.json', bytes: 1, xxh128: '0'.repeat(32) }];
      await store.commit(staging, sampleDraft(job, checkpointId, 'c1', 'host-a'), escape);
      expect((await store.list(job)).map(isReadable)).toEqual([false]);
    });

    it('prunes the oldest, keeps the newest that is whole, and removes by id', async () => {
      const job = newJob();
      const ids: string[] = [];
      for (let i = 0; i < 4; i += 1) ids.push((await commitSample(store, job, { bytes: 1000 })).checkpointId);
      expect(await store.prune(job, 2)).toEqual([ids[1], ids[0]]);
      const [newest, previous] = readable(await store.list(job));
      // Cut short: still listed, but no longer the one that counts.
      await truncate(join(newest!.directory, 'criu/pages-1.img'), 10);
      expect(await store.prune(job, 1)).toEqual([]);
      expect((await store.list(job)).map(({ checkpointId }) => checkpointId)).toEqual([
        newest!.checkpointId,
        previous!.checkpointId,
      ]);
      expect(await store.remove(job, newest!.checkpointId)).toBe(true);
      expect(await store.prune(job, 0)).toEqual([]);
      expect(readable(await store.list(job)).map(({ checkpointId }) => checkpointId)).toEqual([previous!.checkpointId]);
      expect((await readdir(jobDirectory(store.root, job))).filter((name) => name.startsWith('.'))).toEqual([]);
    });

    it('never gives a sequence twice, also after removals', async () => {
      const job = newJob();
      await commitSample(store, job);
      const second = await commitSample(store, job);
      const third = await commitSample(other, job);
      await store.remove(job, second.checkpointId);
      expect(third.sequence).toBe(3);
      expect((await commitSample(store, job)).sequence).toBe(4);
    });

    it('lets only the container that started the job last commit', async () => {
      const job = newJob();
      await store.records.claim(job, 'c1');
      await commitSample(store, job, { containerId: 'c1' });
      await other.records.claim(job, 'c2');
      expect(await failureCode(commitSample(store, job, { containerId: 'c1' }))).toBe('fenced');
      await commitSample(other, job, { containerId: 'c2' });
      expect(readable(await store.list(job)).map(({ manifest }) => manifest.host.hostId)).toEqual(['host-b', 'host-a']);
      await writeFile(join(jobDirectory(store.root, job), 'owner.json'), '{"host');
      expect(await failureCode(commitSample(other, job, { containerId: 'c2' }))).toBe('fenced');
    });

    it('withdraws an image when the job was claimed while it was being committed', async () => {
      const job = newJob();
      await store.records.claim(job, 'c1');
      let stop = false;
      let fenced = 0;
      const loser = (async () => {
        while (!stop) {
          const code = await failureCode(commitSample(store, job, { containerId: 'c1', bytes: 1000 }));
          if (code === 'fenced') fenced += 1;
          else expect(code).toBe('no failure');
        }
      })();
      await sleep(150);
      await other.records.claim(job, 'c2');
      const before = (await other.list(job))
        .filter((entry) => isReadable(entry))
        .map(({ checkpointId }) => checkpointId);
      await sleep(150);
      stop = true;
      await loser;
      expect(fenced).toBeGreaterThan(0);
      // Nothing of the old host appears once the new one has claimed the job and looked.
      const after = readable(await other.list(job)).map(({ checkpointId }) => checkpointId);
      expect(after.filter((id) => !before.includes(id))).toEqual([]);
      await commitSample(other, job, { containerId: 'c2' });
    });

    it('keeps two hosts that commit at once apart', async () => {
      const job = newJob();
      await Promise.all(
        [store, other].flatMap((host) => [1, 2, 3].map(() => commitSample(host, job, { bytes: 20_000 }))),
      );
      const images = readable(await other.list(job));
      expect(images).toHaveLength(6);
      for (const image of images) await store.verify(job, image);
    });

    it('survives kill -9 at any moment: every listed image is whole, and the previous one stays', async () => {
      const job = newJob();
      const committed = new Set<string>([(await commitSample(store, job)).checkpointId]);
      const script = join(import.meta.dirname, '../support/commit-forever.ts');
      const loader = join(import.meta.dirname, '../support/typescript-loader.mjs');
      for (let round = 0; round < 8; round += 1) {
        const env = { ...process.env, NODE_OPTIONS: '' };
        const child = spawn(process.execPath, ['--import', loader, script, storage.mountPath, 'host-k', job], {
          env,
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let last = '';
        await new Promise<void>((resolve) => {
          const lines = createInterface({ input: child.stdout });
          lines.on('line', (id) => {
            last = id;
            committed.add(id);
            // Somewhere in the next commit or prune.
            setTimeout(() => child.kill('SIGKILL'), (round * 7) % 23);
          });
          child.on('exit', () => resolve());
        });
        const entries = await other.list(job);
        expect(entries.every(isReadable)).toBe(true);
        expect(entries.length).toBeGreaterThan(0);
        for (const entry of readable(entries)) await other.verify(job, entry);
        // What was reported as committed is there: it, or newer ones that came after it.
        const known = entries.findIndex(({ checkpointId }) => checkpointId === last);
        expect(known === -1 ? entries.length >= 3 : known <= 2).toBe(true);
      }
      const hostK = await ImageStore.open(storage, 'host-k');
      await hostK.sweepStaging();
      const names = await readdir(jobDirectory(store.root, job));
      expect(names.filter((name) => name.startsWith('.'))).toEqual([]);
      expect(committed.size).toBeGreaterThan(8);
    }, 120_000);

    it('sweeps its own leftovers, and others only when they are old', async () => {
      const job = newJob();
      const mine = await store.beginStaging(job, 'ckpt_mine');
      const kept = await store.beginStaging(job, 'ckpt_kept');
      const theirs = await other.beginStaging(job, 'ckpt_theirs');
      const theirsOld = await other.beginStaging(job, 'ckpt_old');
      const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
      await utimes(theirsOld.directory, twoDaysAgo, twoDaysAgo);
      await mkdir(join(jobDirectory(store.root, job), '.deleting-00000001-x'));
      const removed = await store.sweepStaging({ keep: new Set(['ckpt_kept']) });
      // What earlier tests' failed commits left goes too.
      expect(removed.filter((path) => path.startsWith(`${jobDirectory(store.root, job)}/`))).toHaveLength(3);
      await expect(stat(mine.directory)).rejects.toThrow('ENOENT');
      await Promise.all([
        stat(kept.directory),
        stat(join(storage.mountPath, theirs.directory.slice(storage.otherMountPath.length))),
      ]);
      await store.sweepStaging({ olderThanMs: 0 });
      expect((await readdir(jobDirectory(store.root, job))).filter((name) => name.startsWith('.staging'))).toEqual([]);
    });

    it('keeps records of a job that every host reads', async () => {
      const job = newJob();
      expect(await other.records.owner(job)).toBeNull();
      expect(await other.records.finished(job)).toBeNull();
      await store.records.claim(job, 'c9');
      await store.records.markFinished(job, 0);
      expect(await other.records.owner(job)).toMatchObject({ hostId: 'host-a', containerId: 'c9' });
      expect(await other.records.finished(job)).toMatchObject({ exitCode: 0 });
      await other.records.clearFinished(job);
      await other.records.clearFinished(job);
      expect(await store.records.finished(job)).toBeNull();
      expect(await store.jobKeys()).toContain(job);
      await store.removeJob(job);
      await store.removeJob(job);
      expect(await other.jobKeys()).not.toContain(job);
    });

    it('shows the canaries of all hosts', async () => {
      await store.writeCanary('nonce-1');
      await other.writeCanary('nonce-1');
      await other.writeCanary('nonce-1');
      expect(await store.readCanaries('nonce-1')).toEqual(['host-a', 'host-b']);
      expect(await store.readCanaries('nonce-2')).toEqual([]);
    });

    it('opens a store that exists, and refuses one from the future or one that has gone', async () => {
      const again = await ImageStore.open(storage, 'host-a');
      expect((await again.checkReady()).freeBytes).toBeGreaterThan(0);
      const marker = join(store.root, 'store.json');
      const text = await readFile(marker, 'utf8');
      await writeFile(marker, text.replace('"version":1', '"version":2'));
      expect(await failureCode(ImageStore.open(storage, 'host-a'))).toBe('host-not-ready');
      await rename(marker, `${marker}.away`);
      expect(await failureCode(store.checkReady())).toBe('storage-not-mounted');
      await rm(`${marker}.away`);
      await writeFile(marker, text);
      await store.checkReady();
    });
  });
}
