import { readFileSync, statSync } from 'node:fs';
import { present, type OpenFile } from './process-files.js';
import { runTool } from './tool-process.js';

const SEARCH_LIMIT_MS = 20_000;

/**
 * Paths in the container's root that its processes watch by inotify. The kernel tells only the inode of a watch, and an
 * overlay opens no file by its inode, so CRIU has to be told where to look. Elsewhere it finds the file itself. A path
 * that is not found, or comes too late, is missing here, and CRIU refuses the dump.
 */
export async function watchedPaths(initPid: number, files: readonly OpenFile[]): Promise<string[]> {
  const root = `/proc/${initPid}/root`;
  const device = present(() => statSync(`${root}/`).dev);
  const inodes = new Set(
    files
      .filter(({ target }) => /^anon_inode:\[?inotify/.test(target))
      .flatMap(({ pid, fd }) => watches(present(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')) ?? ''))
      .filter((watch) => watch.device === device)
      .map(({ inode }) => inode),
  );
  if (inodes.size === 0) return [];
  const wanted = [...inodes].flatMap((inode) => ['-o', '-inum', String(inode)]).slice(1);
  const args = [`${root}/`, '-xdev', '(', ...wanted, ')', '-printf', '/%P\\n'];
  const { output } = await runTool(
    { command: 'find', args, env: { PATH: process.env['PATH'] ?? '' } },
    SEARCH_LIMIT_MS,
  );
  // What else find says has no place in CRIU's configuration, nor has a name that needs quoting there.
  return output.split('\n').filter((line) => /^\/[^\s"'#\\]*$/.test(line));
}

/** Devices, as stat gives them, and inodes of the watches in a /proc/<pid>/fdinfo/<fd>. */
export function watches(fdinfo: string): { device: number; inode: bigint }[] {
  return [...fdinfo.matchAll(/^inotify wd:\S+ ino:([0-9a-f]+) sdev:([0-9a-f]+) /gm)].map(([, inode, sdev]) => {
    // The kernel's own form has the minor in its lowest 20 bits.
    const [major, minor] = [parseInt(sdev!, 16) >>> 20, parseInt(sdev!, 16) & 0xfffff];
    return { device: (minor & 0xff) + (major << 8) + (minor >>> 8) * 0x100000, inode: BigInt(`0x${inode}`) };
  });
}
