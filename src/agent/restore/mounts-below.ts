import { readFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parseMountInfo } from '../engines/mount-info.js';

const run = promisify(execFile);

/**
 * Detaches whatever is mounted below a directory (not on it). A killed runc or CRIU may leave the container's root, its
 * volumes or cgroups mounted in its working directories, and whoever then removes those removes what is mounted there.
 * Throws when a mount stays.
 */
export async function unmountBelow(directory: string): Promise<void> {
  for (const mountPoint of mountsBelow(directory)) {
    await run('umount', ['--lazy', '--', mountPoint], { timeout: 10_000 }).catch(() => undefined);
  }
  const left = mountsBelow(directory);
  if (left.length > 0) throw new Error(`cannot unmount ${left.join(', ')}`);
}

/** Newest first: a mount inside a mount goes before it. */
function mountsBelow(directory: string): string[] {
  return parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'))
    .map(({ mountPoint }) => mountPoint)
    .filter((mountPoint) => mountPoint.startsWith(`${directory}/`))
    .reverse();
}
