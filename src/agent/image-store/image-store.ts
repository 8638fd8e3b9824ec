import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_FORMAT, MANIFEST_VERSION, type Manifest } from '../../protocol/manifest.js';
import { syncDirectory, writeSynced } from './durable-files.js';
import type { SealedFile } from './file-digests.js';
import { pruneImages, removeImage } from './image-removal.js';
import { makeJobDirectory, removeJobDirectory } from './job-directory.js';
import { JobRecords } from './job-records.js';
import { sweepLeftovers, type SweepOptions } from './leftover-sweep.js';
import { checkMounted, freeSpace, type FreeSpace, type StoreLocation } from './storage-mount.js';
import { isMissing, onStorage } from './storage-failure.js';
import {
  MANIFEST_DIGEST_FILE,
  MANIFEST_FILE,
  STAGING_HOST_FILE,
  canariesDirectory,
  imageName,
  jobDirectory,
  jobsDirectory,
  parseImageName,
  stagingName,
  storeRoot,
} from './store-layout.js';
import { checkMarker, createMarker } from './store-marker.js';
import {
  isReadable,
  readEntry,
  readManifest,
  verifyFiles,
  type ImageEntry,
  type ImagePlace,
  type Verification,
} from './stored-image.js';

/** A place to write an image that does not exist yet. */
export interface Staging {
  jobId: string;
  checkpointId: string;
  /** Absolute; on the storage, so that committing is a rename. */
  directory: string;
}

/** What the store itself does not fill in. `measured.totalSeconds` runs until the image was durable, before the rename. */
export type ManifestDraft = Omit<Manifest, 'format' | 'version' | 'sequence' | 'files' | 'totalBytes'>;

/**
 * Checkpoint images on a shared directory. An image is committed or it does not exist: it is written to a staging
 * directory, flushed, and appears by one rename. Everything needed to restore is in its directory.
 *
 * Every method throws only {@link FailureError}: `storage-full`, `storage-not-mounted`, `storage-write-failed`, and
 * what the method names. All but `commit` may be repeated; several hosts may work on one store at once.
 */
export class ImageStore {
  readonly root: string;
  readonly records: JobRecords;

  private constructor(
    readonly location: StoreLocation,
    readonly hostId: string,
  ) {
    this.root = storeRoot(location.mountPath);
    this.records = new JobRecords(this.root, hostId);
  }

  /** Opens the store, making it when the storage is empty. A path that needs no mount is created. */
  static async open(location: StoreLocation, hostId: string): Promise<ImageStore> {
    await checkMounted(location);
    const store = new ImageStore(location, hostId);
    await onStorage(`opening the image store in ${location.mountPath}`, location.mountPath, async () => {
      await createMarker(location.mountPath, location.fileSystemTypes.length === 0);
      await checkMarker(store.root);
    });
    return store;
  }

  /** Throws unless the storage is mounted and still the one that was opened; cheap enough for every heartbeat. */
  async checkReady(): Promise<FreeSpace> {
    await checkMounted(this.location);
    await onStorage(`reading ${this.root}`, this.root, () => checkMarker(this.root));
    return freeSpace(this.root);
  }

  /**
   * Makes the job's directory; the job's first caller decides where. With a sub-path (`imageSubpath`) it is
   * `<mount path>/<sub-path>/<job key>.checkpoints`, found from its usual place by a link. Resolves to why the
   * sub-path could not be used, the directory being in its usual place; null: as asked, or it was there before.
   */
  async prepareJob(jobId: string, subpath: string | null): Promise<string | null> {
    return onStorage(`making ${jobDirectory(this.root, jobId)}`, this.root, () =>
      makeJobDirectory(this.root, jobId, subpath),
    );
  }

  /** An empty staging directory; what an earlier try with the same id left is removed. */
  async beginStaging(jobId: string, checkpointId: string): Promise<Staging> {
    const staging = this.stagingOf(jobId, checkpointId);
    const { directory } = staging;
    await onStorage(`making ${directory}`, this.root, async () => {
      await makeJobDirectory(this.root, jobId);
      await rm(directory, { recursive: true, force: true });
      await mkdir(directory, { mode: 0o700 });
      // Not flushed: a host that lost power does not come back for it, and others go by the directory's age then.
      await writeFile(join(directory, STAGING_HOST_FILE), `${this.hostId}\n`, { mode: 0o600 });
    });
    return staging;
  }

  /** Where the checkpoint is, or was, staged. */
  stagingOf(jobId: string, checkpointId: string): Staging {
    return { jobId, checkpointId, directory: join(jobDirectory(this.root, jobId), stagingName(checkpointId)) };
  }

  async discardStaging(staging: Staging): Promise<void> {
    await onStorage(`removing ${staging.directory}`, this.root, () =>
      rm(staging.directory, { recursive: true, force: true }),
    );
  }

  /**
   * Makes a staged image restorable. `files` must be durable already (`sealDirectory`). Throws `fenced` when the job was
   * started elsewhere in the meantime; the image is then not, or no longer, in the list.
   */
  async commit(
    staging: Staging,
    draft: ManifestDraft,
    files: SealedFile[],
  ): Promise<ImagePlace & { manifest: Manifest }> {
    const { jobId, checkpointId, directory: from } = staging;
    const containerId = draft.container.containerId;
    return onStorage(`committing checkpoint ${checkpointId}`, this.root, async () => {
      const parent = jobDirectory(this.root, jobId);
      const sequence = await this.nextSequence(jobId);
      const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
      const manifest: Manifest = {
        format: MANIFEST_FORMAT,
        version: MANIFEST_VERSION,
        sequence,
        ...draft,
        files,
        totalBytes,
      };
      const text = `${JSON.stringify(manifest, null, 2)}\n`;
      const digest = createHash('sha256').update(text).digest('hex');
      await Promise.all([
        writeSynced(join(from, MANIFEST_DIGEST_FILE), `${digest}  ${MANIFEST_FILE}\n`),
        writeSynced(join(from, MANIFEST_FILE), text),
      ]);
      await rm(join(from, STAGING_HOST_FILE), { force: true });
      await syncDirectory(from);

      const name = imageName(sequence, checkpointId);
      const to = join(parent, name);
      await this.records.checkOwnedBy(jobId, containerId);
      await rename(from, to);
      try {
        // Asked again: another host may have claimed the job between the question and the rename.
        await this.records.checkOwnedBy(jobId, containerId);
        await syncDirectory(parent);
      } catch (error) {
        await removeImage({ name, directory: to, sequence, checkpointId });
        throw error;
      }
      return { name, directory: to, sequence, checkpointId, manifest };
    });
  }

  /** The job's committed images, newest first. */
  async list(jobId: string): Promise<ImageEntry[]> {
    const entries = await Promise.all((await this.places(jobId)).map((place) => readEntry(place, jobId)));
    if (entries.every(isReadable)) return entries;
    // What another host has removed since we read the directory is gone, not damaged.
    const still = new Set((await this.places(jobId)).map((place) => place.name));
    return entries.filter((entry) => isReadable(entry) || still.has(entry.name));
  }

  async find(jobId: string, checkpointId: string): Promise<ImageEntry | null> {
    const place = (await this.places(jobId)).find((candidate) => candidate.checkpointId === checkpointId);
    return place === undefined ? null : readEntry(place, jobId);
  }

  /** Throws `manifest-unreadable`. */
  async read(jobId: string, place: ImagePlace): Promise<Manifest> {
    return readManifest(place, jobId);
  }

  /** Reads the whole image back. Throws `manifest-unreadable`, `file-missing` or `digest-mismatch`. */
  async verify(jobId: string, place: ImagePlace): Promise<Verification> {
    return verifyFiles(place, await readManifest(place, jobId));
  }

  /** false when there was no such image. */
  async remove(jobId: string, checkpointId: string): Promise<boolean> {
    const place = (await this.places(jobId)).find((candidate) => candidate.checkpointId === checkpointId);
    if (place === undefined) return false;
    await onStorage(`removing ${place.directory}`, this.root, () => removeImage(place));
    return true;
  }

  /**
   * Keeps the newest `keep` (at least one) complete images and removes what is older; returns the ids removed. An
   * unreadable image neither counts nor shields older ones, and stays while it is newer than the oldest kept.
   */
  async prune(jobId: string, keep: number, pinned: ReadonlySet<string> = new Set()): Promise<string[]> {
    const entries = await this.list(jobId);
    return onStorage(`removing old checkpoints of job ${jobId}`, this.root, () => pruneImages(entries, keep, pinned));
  }

  /** Everything of the job: images and records. */
  async removeJob(jobId: string): Promise<void> {
    await onStorage(`removing ${jobDirectory(this.root, jobId)}`, this.root, () =>
      removeJobDirectory(this.root, jobId),
    );
  }

  /** Directory names of the jobs in the store; for a job id of AWS Batch that is the id itself. */
  async jobKeys(): Promise<string[]> {
    const names = await onStorage(`listing ${this.root}`, this.root, () => readdir(jobsDirectory(this.root)));
    return names.filter((name) => !name.startsWith('.')).sort();
  }

  /** Removes what killed agents left; returns the directories removed. Never touches a committed image. */
  async sweepStaging(options: SweepOptions = {}): Promise<string[]> {
    return onStorage(`sweeping ${this.root}`, this.root, () => sweepLeftovers(this.root, this.hostId, options));
  }

  /** Proof that this host can write here, for other hosts to read. */
  async writeCanary(nonce: string): Promise<void> {
    const directory = join(canariesDirectory(this.root), nonce);
    await onStorage(`writing ${directory}`, this.root, async () => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await rm(join(directory, this.hostId), { force: true });
      await writeSynced(join(directory, this.hostId), `${new Date().toISOString()}\n`);
      await syncDirectory(directory);
    });
  }

  /** Ids of the hosts whose canary with this nonce is visible here, sorted. */
  async readCanaries(nonce: string): Promise<string[]> {
    const directory = join(canariesDirectory(this.root), nonce);
    return onStorage(`reading ${directory}`, this.root, async () => (await namesIn(directory)).sort());
  }

  private async places(jobId: string): Promise<ImagePlace[]> {
    const parent = jobDirectory(this.root, jobId);
    const names = await onStorage(`listing ${parent}`, this.root, () => namesIn(parent));
    const places = names.flatMap((name) => {
      const parsed = parseImageName(name);
      return parsed === null ? [] : [{ name, directory: join(parent, name), ...parsed }];
    });
    return places.sort((a, b) => b.sequence - a.sequence || (a.checkpointId < b.checkpointId ? 1 : -1));
  }

  private async nextSequence(jobId: string): Promise<number> {
    return ((await this.places(jobId))[0]?.sequence ?? 0) + 1;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
