import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, readdir, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ImageStore } from '../../src/agent/image-store/image-store.js';
import type { StoreLocation } from '../../src/agent/image-store/storage-mount.js';
import { jobDirectory } from '../../src/agent/image-store/store-layout.js';
import { isReadable } from '../../src/agent/image-store/stored-image.js';
import { commitSample } from '../support/image-samples.js';

interface HostsUnderTest {
  storage: StoreLocation;
  store: ImageStore;
  other: ImageStore;
  newJob: () => string;
}

/** Runs commit-forever.ts; kills it so long after its first image was committed. */
async function killedWhileAtWork(args: string[], afterMs: number): Promise<void> {
  const support = join(import.meta.dirname, '..', 'support');
  const program = ['--import', join(support, 'typescript-loader.mjs'), join(support, 'commit-forever.ts')];
  const env = { ...process.env, NODE_OPTIONS: '' };
  const child = spawn(process.execPath, [...program, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), afterMs));
  await once(child, 'exit');
}

/** Part of the image store's contract: jobs that name a sub-path. */
export function subpathContract(host: () => HostsUnderTest): void {
  describe('below a sub-path', () => {
    const linked = (subpath: string, job: string): string =>
      join(host().storage.mountPath, subpath, `${job}.checkpoints`);
    const below = (path = ''): Promise<string[]> => readdir(join(host().storage.mountPath, path));

    it('keeps the images of a job there, as any others to every host, and takes it all away with the job', async () => {
      const { store, other, newJob } = host();
      const job = newJob();
      expect(await store.prepareJob(job, 'rnaseq/run-1')).toBeNull();
      expect(await other.prepareJob(job, 'rnaseq/run-1')).toBeNull();
      expect(await readlink(jobDirectory(store.root, job))).toBe(`../../rnaseq/run-1/${job}.checkpoints`);
      expect((await stat(linked('rnaseq/run-1', job))).mode & 0o777).toBe(0o700);
      await store.records.claim(job, 'c1');
      const images = [await commitSample(store, job), await commitSample(store, job), await commitSample(store, job)];
      await store.beginStaging(job, 'ckpt_left');
      expect(await below(`rnaseq/run-1/${job}.checkpoints`)).toEqual(
        expect.arrayContaining(['owner.json', ...images.map(({ name }) => name)]),
      );
      const seen = (await other.list(job)).filter(isReadable);
      expect(seen.map(({ sequence }) => sequence)).toEqual([3, 2, 1]);
      await other.verify(job, seen[0]!);
      expect(await other.records.owner(job)).toMatchObject({ containerId: 'c1' });
      expect(await store.prune(job, 2)).toEqual([images[0]!.checkpointId]);
      expect(await store.remove(job, images[1]!.checkpointId)).toBe(true);
      expect(await store.sweepStaging()).toContain(join(jobDirectory(store.root, job), '.staging-ckpt_left'));
      expect(await store.jobKeys()).toContain(job);
      await other.removeJob(job);
      await store.removeJob(job);
      expect(await below()).not.toContain('rnaseq');
      expect(await store.jobKeys()).not.toContain(job);
      expect(await store.list(job)).toEqual([]);
    });

    it('leaves a job where its directory was first made', async () => {
      const { store, newJob } = host();
      const [plain, moved] = [newJob(), newJob()];
      await store.records.claim(plain, 'c1');
      expect(await store.prepareJob(plain, 'rnaseq')).toBeNull();
      await store.prepareJob(moved, 'first');
      const image = await commitSample(store, moved);
      expect(await store.prepareJob(moved, 'second')).toBeNull();
      expect(await store.prepareJob(moved, null)).toBeNull();
      expect((await store.list(moved)).map(({ name }) => name)).toEqual([image.name]);
      expect(await below()).not.toContain('second');
      await store.removeJob(moved);
      expect(await below()).not.toContain('first');
    });

    it('takes a link that leads nowhere for a job without images, and gives it its directory back', async () => {
      const { store, other, newJob } = host();
      const job = newJob();
      await store.prepareJob(job, 'rnaseq');
      await commitSample(store, job);
      // As after a crash in the middle of a removal.
      await rename(linked('rnaseq', job), join(store.root, 'jobs', '.deleting-cut-short'));
      expect(await other.list(job)).toEqual([]);
      expect(await other.records.owner(job)).toBeNull();
      expect(await other.remove(job, 'x')).toBe(false);
      await other.sweepStaging();
      expect(await below(`batchpoint/jobs`)).not.toContain('.deleting-cut-short');
      // Young links are let be: another host may be at work on them.
      expect(await store.jobKeys()).toContain(job);
      const image = await commitSample(other, job);
      expect(await below(`rnaseq/${job}.checkpoints`)).toEqual([image.name]);
      await rm(linked('rnaseq', job), { recursive: true });
      expect(await store.sweepStaging({ olderThanMs: 0 })).toContain(jobDirectory(store.root, job));
      expect(await store.jobKeys()).not.toContain(job);
      expect(await below()).not.toContain('rnaseq');
    });

    it('uses the directory that a crash before the link left, and replaces a link that is not its own', async () => {
      const { store, newJob } = host();
      const [crashed, foreign] = [newJob(), newJob()];
      await mkdir(linked('rnaseq', crashed), { recursive: true });
      expect(await store.prepareJob(crashed, 'rnaseq')).toBeNull();
      await commitSample(store, crashed);
      await symlink('/no/such/place', jobDirectory(store.root, foreign));
      expect(await store.list(foreign)).toEqual([]);
      expect(await store.prepareJob(foreign, 'rnaseq')).toBeNull();
      expect(await readlink(jobDirectory(store.root, foreign))).toBe(`../../rnaseq/${foreign}.checkpoints`);
      for (const job of [crashed, foreign]) await store.removeJob(job);
      expect(await below()).not.toContain('rnaseq');
    });

    it('keeps what others have there', async () => {
      const { storage, store, newJob } = host();
      const [first, second, third] = [newJob(), newJob(), newJob()];
      await mkdir(join(storage.mountPath, 'shared', first), { recursive: true });
      await writeFile(join(storage.mountPath, 'shared', first, 'result'), 'of the job');
      await mkdir(join(storage.mountPath, 'team'));
      await chmod(join(storage.mountPath, 'team'), 0o2770);
      await store.prepareJob(first, 'shared');
      await store.prepareJob(second, 'shared/deeper');
      await store.prepareJob(third, 'team/deeper');
      for (const job of [second, first, third]) await store.removeJob(job);
      expect(await readFile(join(storage.mountPath, 'shared', first, 'result'), 'utf8')).toBe('of the job');
      expect(await below('shared')).toEqual([first]);
      // Empty, but made for somebody.
      expect(await below('team')).toEqual([]);
      for (const name of ['shared', 'team']) await rm(join(storage.mountPath, name), { recursive: true });
    });

    it('does not follow a link or a file out of the storage: the job is in its usual place, with the reason', async () => {
      const { storage, store, newJob } = host();
      const [outside, occupied] = [newJob(), newJob()];
      const away = join(storage.mountPath, '..', `away-${process.pid}`);
      await mkdir(away);
      await symlink(away, join(storage.mountPath, 'away'));
      await writeFile(join(storage.mountPath, 'file'), '');
      expect(await store.prepareJob(outside, 'away/x')).toBe(`${storage.mountPath}/away is not a directory`);
      expect(await store.prepareJob(occupied, 'file/x')).toBe(`${storage.mountPath}/file is not a directory`);
      expect(await readdir(away)).toEqual([]);
      for (const job of [outside, occupied]) {
        const image = await commitSample(store, job);
        expect(await below(`batchpoint/jobs/${job}`)).toEqual([image.name]);
      }
      for (const name of ['away', 'file']) await rm(join(storage.mountPath, name));
      await rm(away, { recursive: true });
    });

    it('survives kill -9 at any moment: what is listed is whole, and the next start and end of the job leave nothing', async () => {
      const { storage, store, other, newJob } = host();
      const job = newJob();
      for (let round = 0; round < 8; round += 1) {
        await killedWhileAtWork([storage.mountPath, 'host-k', job, 'killed/run'], round * 3);
        for (const entry of await other.list(job)) {
          expect(isReadable(entry) ? null : entry.failure).toBeNull();
          await other.verify(job, entry);
        }
      }
      const hostK = await ImageStore.open(storage, 'host-k');
      await hostK.sweepStaging();
      expect(await store.prepareJob(job, 'killed/run')).toBeNull();
      const { name } = await commitSample(store, job);
      expect(await below(`killed/run/${job}.checkpoints`)).toContain(name);
      await store.removeJob(job);
      expect(await below()).not.toContain('killed');
      expect((await below('batchpoint/jobs')).filter((left) => left === job || left.startsWith('.'))).toEqual([]);
    }, 120_000);

    it('lets two hosts make and remove jobs of one sub-path at once', async () => {
      const { store, other, newJob } = host();
      const turn = async (job: string): Promise<void> => {
        const answers = await Promise.all([store, other].map((host) => host.prepareJob(job, 'busy/run')));
        expect(answers).toEqual([null, null]);
        await Promise.all([store, other].map((host) => commitSample(host, job, { bytes: 1000 })));
        expect((await other.list(job)).filter(isReadable)).toHaveLength(2);
        expect(await below('busy/run')).toContain(`${job}.checkpoints`);
        await other.removeJob(job);
      };
      const one = async (): Promise<void> => {
        for (let i = 0; i < 10; i += 1) await turn(newJob());
      };
      await Promise.all([one(), one(), one()]);
      expect(await below()).not.toContain('busy');
    }, 60_000);
  });
}
