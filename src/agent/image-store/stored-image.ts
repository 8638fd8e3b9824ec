import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { FailureError, toFailure, type Failure } from '../../protocol/failure.js';
import { ManifestError, parseManifest, type Manifest } from '../../protocol/manifest.js';
import { digestFile, mapLimited, walk } from './file-digests.js';
import { readIfPresent } from './durable-files.js';
import { isMissing, onStorage, storageFailure } from './storage-failure.js';
import { MANIFEST_DIGEST_FILE, MANIFEST_FILE } from './store-layout.js';

/** A committed image's place; what its name says. */
export interface ImagePlace {
  name: string;
  /** Absolute. */
  directory: string;
  sequence: number;
  checkpointId: string;
}
export type ReadableImage = ImagePlace & { manifest: Manifest };
export type UnreadableImage = ImagePlace & { failure: Failure };
/** One entry of a job's list. An unreadable one is listed with its reason, never passed over in silence. */
export type ImageEntry = ReadableImage | UnreadableImage;

export function isReadable(entry: ImageEntry): entry is ReadableImage {
  return 'manifest' in entry;
}

export interface Verification {
  bytesRead: number;
  seconds: number;
  /** Files the manifest does not know; they are not read by a restore and do no harm. */
  extraFiles: string[];
}

const REMEDY = 'restore from the previous checkpoint, and check the storage for damage';
const PARALLEL_FILES = 2;

/** Throws `manifest-unreadable` (missing, cut short, altered, of another image) or a storage failure. */
export async function readManifest(place: ImagePlace, jobId: string): Promise<Manifest> {
  const [text, sidecar] = await onStorage(`reading ${place.directory}`, place.directory, () =>
    Promise.all([
      readIfPresent(join(place.directory, MANIFEST_FILE)),
      readIfPresent(join(place.directory, MANIFEST_DIGEST_FILE)),
    ]),
  );
  const unreadable = (reason: string, cause?: unknown): FailureError =>
    new FailureError(
      { code: 'manifest-unreadable', message: `checkpoint ${place.name}: ${reason}`, remedy: REMEDY },
      { cause },
    );
  if (text === null) throw unreadable(`${MANIFEST_FILE} is missing`);
  if (sidecar === null) throw unreadable(`${MANIFEST_DIGEST_FILE} is missing`);
  const digest = createHash('sha256').update(text).digest('hex');
  if (sidecar.split(/\s/)[0] !== digest) throw unreadable(`${MANIFEST_FILE} does not match ${MANIFEST_DIGEST_FILE}`);
  let manifest: Manifest;
  try {
    manifest = parseManifest(text);
  } catch (error) {
    throw unreadable(error instanceof ManifestError ? error.reason : String(error), error);
  }
  if (manifest.checkpointId !== place.checkpointId || manifest.sequence !== place.sequence) {
    throw unreadable(`its manifest is that of checkpoint ${manifest.sequence}-${manifest.checkpointId}`);
  }
  if (manifest.job.jobId !== jobId) throw unreadable(`its manifest is that of job ${manifest.job.jobId}`);
  const outside = manifest.files.find(({ path }) => isAbsolute(path) || normalize(path).startsWith('..'));
  if (outside !== undefined) throw unreadable(`its manifest names a file outside the image: ${outside.path}`);
  return manifest;
}

export async function readEntry(place: ImagePlace, jobId: string): Promise<ImageEntry> {
  try {
    return { ...place, manifest: await readManifest(place, jobId) };
  } catch (error) {
    return { ...place, failure: toFailure(error) };
  }
}

/** Whether every file is there with its full length: what can be known without reading the image. */
export async function isComplete(image: ReadableImage): Promise<boolean> {
  try {
    for (const file of image.manifest.files) {
      const stats = await stat(join(image.directory, file.path));
      if (!stats.isFile() || stats.size !== file.bytes) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** Reads every byte. Throws `file-missing`, `digest-mismatch` or a storage failure, naming the file. */
export async function verifyFiles(place: ImagePlace, manifest: Manifest): Promise<Verification> {
  const started = performance.now();
  await mapLimited(manifest.files, PARALLEL_FILES, async (expected) => {
    const path = join(place.directory, expected.path);
    let found: { bytes: number; xxh128: string };
    try {
      const { size } = await stat(path);
      // A wrong length needs no reading, and tells more than a wrong digest.
      found = size === expected.bytes ? await digestFile(path) : { bytes: size, xxh128: '' };
    } catch (error) {
      if (!isMissing(error)) throw storageFailure(error, `reading ${path}`, place.directory);
      throw new FailureError({
        code: 'file-missing',
        message: `checkpoint ${place.name}: ${expected.path} is missing`,
        remedy: REMEDY,
      });
    }
    if (found.bytes === expected.bytes && found.xxh128 === expected.xxh128) return;
    const how =
      found.bytes === expected.bytes
        ? `its XXH128 is ${found.xxh128}, the manifest says ${expected.xxh128}`
        : `it has ${found.bytes} bytes, the manifest says ${expected.bytes}`;
    throw new FailureError({
      code: 'digest-mismatch',
      message: `checkpoint ${place.name}: ${expected.path} is damaged: ${how}`,
      remedy: REMEDY,
    });
  });
  const known = new Set([MANIFEST_FILE, MANIFEST_DIGEST_FILE, ...manifest.files.map((file) => file.path)]);
  const present = await onStorage(`listing ${place.directory}`, place.directory, () => walk(place.directory));
  return {
    bytesRead: manifest.files.reduce((sum, file) => sum + file.bytes, 0),
    seconds: (performance.now() - started) / 1000,
    extraFiles: present.files.filter((path) => !known.has(path)).sort(),
  };
}
