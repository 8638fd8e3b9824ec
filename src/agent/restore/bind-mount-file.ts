import { lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { FailureError } from '../../protocol/failure.js';
import type { Manifest } from '../../protocol/manifest.js';
import type { BindMount } from './bundle.js';

type RecordedFile = Manifest['bindMountFiles'][number];

/** A file the job had open for writing on a bind mount, found again on this host. */
export interface FoundFile {
  /** On the host, links resolved. */
  path: string;
  bytes: number;
  /** What it held when the image was made. */
  recordedBytes: number;
}

/**
 * Throws `bind-mount-file-missing`. Confined to the mount: the job can write there, and a link it left must not lead
 * this program, which is root, to another file of the host.
 */
export function findBindMountFile(recorded: RecordedFile, mounts: readonly BindMount[]): FoundFile {
  const mount = mounts.find(({ destination }) => destination === recorded.destination);
  const inContainer = join(recorded.destination, relativePath(recorded));
  const missing = (why: string): FailureError =>
    new FailureError({
      code: 'bind-mount-file-missing',
      message: `${inContainer}, which the job was writing, ${why}`,
      remedy: 'keep the files a job writes in a volume on shared storage that every host mounts',
    });
  if (mount === undefined) throw missing('is on a mount this container does not have');
  let path: string;
  let root: string;
  try {
    root = realpathSync(mount.source);
    path = realpathSync(join(root, relativePath(recorded)));
  } catch {
    throw missing(`is not on this host (${join(mount.source, relativePath(recorded))})`);
  }
  if (path !== root && !path.startsWith(`${root}/`)) throw missing(`is now a link out of its mount, to ${path}`);
  const stats = lstatSync(path);
  if (!stats.isFile()) throw missing('is no regular file any more');
  if (stats.size < recorded.bytes)
    throw missing(`has ${stats.size} bytes, fewer than the ${recorded.bytes} at the checkpoint`);
  return { path, bytes: stats.size, recordedBytes: recorded.bytes };
}

/** The path below the mount; '' when the mount is the file itself. */
function relativePath({ destination, path }: RecordedFile): string {
  if (path === destination) return '';
  return path.startsWith(`${destination}/`) ? path.slice(destination.length + 1) : path;
}
