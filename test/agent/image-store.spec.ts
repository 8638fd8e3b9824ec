import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { FailureError } from '../../src/protocol/failure.js';
import { ImageStore } from '../../src/agent/image-store/image-store.js';
import { sealDirectory } from '../../src/agent/image-store/file-digests.js';
import { STAGING_HOST_FILE } from '../../src/agent/image-store/store-layout.js';
import { isReadable } from '../../src/agent/image-store/stored-image.js';
import { imageStoreContract } from '../contract/image-store.contract.js';
import { commitSample, sampleDraft } from '../support/image-samples.js';
import { MooseFs } from '../support/moose-fs.js';
import { describeNeeding } from '../support/requires.js';
import { SmallDisk } from '../support/small-disk.js';

imageStoreContract('a local directory', async () => {
  const mountPath = await mkdtemp(join(tmpdir(), 'batchpoint-store-'));
  return {
    mountPath,
    otherMountPath: mountPath,
    fileSystemTypes: [],
    remove: () => rm(mountPath, { recursive: true, force: true }),
  };
});

describeNeeding(['linux', 'root'], 'with mounts', () => {
  for (const type of ['tmpfs', 'ext4'] as const) {
    imageStoreContract(type === 'ext4' ? 'ext4 on a loop device' : type, async () => {
      const disk = await SmallDisk.create(type, 64);
      return {
        mountPath: disk.mountPath,
        otherMountPath: disk.mountPath,
        fileSystemTypes: [type],
        remove: () => disk.remove(),
      };
    });
  }

  imageStoreContract('MooseFS, mounted by two hosts', async () => {
    const moose = await MooseFs.start();
    const [mountPath, otherMountPath] = moose.mounts;
    return { mountPath, otherMountPath, fileSystemTypes: [MooseFs.type], remove: () => moose.stop() };
  });

  let disk: SmallDisk;
  beforeAll(async () => {
    disk = await SmallDisk.create('ext4', 24);
  });
  afterAll(() => disk?.remove());

  const failureOf = async (work: Promise<unknown>): Promise<FailureError['failure']> => {
    const error = await work.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FailureError);
    return (error as FailureError).failure;
  };

  it('says that the storage is full, leaves the previous image whole, and works again after space was made', async () => {
    const store = await ImageStore.open({ mountPath: disk.mountPath, fileSystemTypes: ['ext4'] }, 'host-a');
    const first = await commitSample(store, 'full', { bytes: 8_000_000 });
    const staging = await store.beginStaging('full', 'ckpt_2');
    const files = await sealDirectory(staging.directory, new Set([STAGING_HOST_FILE]));
    await disk.fill();
    const failures = [
      await failureOf(store.records.markFinished('full', 0)),
      await failureOf(store.beginStaging('full', 'ckpt_3')),
      await failureOf(store.commit(staging, sampleDraft('full', 'ckpt_2', 'c1', 'host-a'), files)),
    ];
    for (const failure of failures) {
      expect(failure).toMatchObject({ code: 'storage-full', remedy: expect.stringContaining('delete old') });
    }
    const entries = await store.list('full');
    expect(entries.map(isReadable)).toEqual([true]);
    await store.verify('full', first);
    await disk.makeRoom();
    await store.sweepStaging();
    await commitSample(store, 'full', { bytes: 4_000_000 });
    expect(await store.list('full')).toHaveLength(2);
  });

  it('does not put the images of a job on another file system that is mounted below the storage', async () => {
    const store = await ImageStore.open({ mountPath: disk.mountPath, fileSystemTypes: ['ext4'] }, 'host-a');
    const mounted = join(disk.mountPath, 'mounted');
    await mkdir(mounted);
    execFileSync('mount', ['-t', 'tmpfs', 'batchpoint-test', mounted]);
    try {
      expect(await store.prepareJob('elsewhere', 'mounted/x')).toBe(
        `${mounted} is on another file system than ${disk.mountPath}`,
      );
      const image = await commitSample(store, 'elsewhere', { bytes: 1000 });
      expect(await readdir(join(store.root, 'jobs', 'elsewhere'))).toEqual([image.name]);
      expect(await readdir(mounted)).toEqual([]);
    } finally {
      execFileSync('umount', [mounted]);
    }
    await store.removeJob('elsewhere');
  });

  it('refuses a mount path that lies on another file system, is a link to one, or is missing', async () => {
    const failure = await failureOf(ImageStore.open({ mountPath: disk.mountPath, fileSystemTypes: ['nfs4'] }, 'h'));
    expect(failure).toMatchObject({
      code: 'storage-not-mounted',
      message: expect.stringContaining('ext4'),
      remedy: expect.stringContaining('nfs4'),
    });
    const away = await mkdtemp(join(tmpdir(), 'batchpoint-link-'));
    const link = join(disk.mountPath, 'link');
    await mkdir(join(away, 'target'));
    await symlink(join(away, 'target'), link);
    // The link lies on the storage, what it points to does not.
    const types = ['tmpfs', 'nfs4'];
    expect((await failureOf(ImageStore.open({ mountPath: link, fileSystemTypes: types }, 'h'))).message).toContain(
      'a link to',
    );
    expect(await readdir(join(away, 'target'))).toEqual([]);
    const missing = await failureOf(ImageStore.open({ mountPath: '/no/such/mount', fileSystemTypes: ['nfs4'] }, 'h'));
    expect(missing.code).toBe('storage-not-mounted');
    await rm(away, { recursive: true });
  });
});
