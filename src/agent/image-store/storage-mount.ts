import { readFile, realpath, statfs } from 'node:fs/promises';
import { FailureError } from '../../protocol/failure.js';
import { containingMount, parseMountInfo } from '../engines/mount-info.js';
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
  const mount = containingMount(parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8')), real);
  if (mount !== null && fileSystemTypes.includes(mount.type)) return;
  const through = real === mountPath ? '' : ` (a link to ${real})`;
  const found = mount === null ? 'nothing' : `${mount.type}, mounted at ${mount.mountPoint}`;
  throw notMounted(
    mountPath,
    `${mountPath}${through} lies on ${found}, not on ${fileSystemTypes.join(' or ')}`,
    fileSystemTypes,
  );
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
