import { readFile, realpath, statfs } from 'node:fs/promises';
import type { StorageFileSystem } from '../../protocol/agent-api.js';
import { FailureError } from '../../protocol/failure.js';
import { containingMount, type MountInfo, parseMountInfo } from '../engines/mount-info.js';
import { isMissing, storageFailure } from './storage-failure.js';

/** Where a storage should be on this host, and what proves that it is. */
export interface StoreLocation {
  /** Where the storage is mounted on every host. */
  mountPath: string;
  /** File-system types that prove the right thing is mounted; empty: any directory will do. */
  fileSystemTypes: string[];
}

export interface FreeSpace {
  /** What a program without privileges may still write. */
  freeBytes: number;
  totalBytes: number;
}

/**
 * Throws `storage-not-mounted` unless the path, symbolic links followed, lies on a file system of an expected type.
 * An image written to a host's own disk by mistake dies with the host, so this is checked before every checkpoint.
 */
export async function checkMounted(location: StoreLocation): Promise<void> {
  const { mountPath, fileSystemTypes } = location;
  if (fileSystemTypes.length === 0) return;
  let real: string;
  try {
    real = await realpath(mountPath);
  } catch (error) {
    if (!isMissing(error)) throw storageFailure(error, `looking at ${mountPath}`, mountPath);
    throw notMounted(mountPath, `${mountPath} does not exist`, fileSystemTypes, error);
  }
  const mount = await mountOf(real);
  if (mount !== null && fileSystemTypes.includes(mount.type)) return;
  const through = real === mountPath ? '' : ` (a link to ${real})`;
  const found = mount === null ? 'nothing' : `${mount.type} (${mount.source}), mounted at ${mount.mountPoint}`;
  throw notMounted(
    mountPath,
    `${mountPath}${through} lies on ${found}, not on ${fileSystemTypes.join(' or ')}`,
    fileSystemTypes,
  );
}

/** What a path lies on, links followed; null where there is no such path. */
export async function fileSystemOf(path: string): Promise<StorageFileSystem | null> {
  try {
    const mount = await mountOf(await realpath(path));
    return mount && { type: mount.type, source: mount.source };
  } catch (error) {
    if (isMissing(error)) return null;
    throw storageFailure(error, `looking at ${path}`, path);
  }
}

/** `real`: absolute, without links. */
async function mountOf(real: string): Promise<MountInfo | null> {
  return containingMount(parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8')), real);
}

export async function freeSpace(path: string): Promise<FreeSpace> {
  try {
    const stats = await statfs(path);
    return { freeBytes: stats.bavail * stats.bsize, totalBytes: stats.blocks * stats.bsize };
  } catch (error) {
    throw storageFailure(error, `asking ${path} for its free space`, path);
  }
}

function notMounted(path: string, message: string, types: string[], cause?: unknown): FailureError {
  return new FailureError(
    {
      code: 'storage-not-mounted',
      message,
      remedy: `mount the storage (${types.join(' or ')}) at ${path} on this host`,
    },
    { cause },
  );
}
