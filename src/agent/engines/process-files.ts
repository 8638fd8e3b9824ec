import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';

/** One open file of one process. */
export interface OpenFile {
  pid: number;
  fd: number;
  /** What /proc/<pid>/fd/<n> points to: a path inside the container, `socket:[inode]`, `anon_inode:[...]`, ... */
  target: string;
}

/** Open files of all processes; those of one that ended in the meantime are left out. Only /proc is read. */
export function openFiles(pids: readonly number[]): OpenFile[] {
  const files: OpenFile[] = [];
  for (const pid of pids) {
    for (const name of present(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
      const target = present(() => readlinkSync(`/proc/${pid}/fd/${name}`));
      if (target !== undefined) files.push({ pid, fd: Number(name), target });
    }
  }
  return files;
}

/** Lengths of the regular files on the given mounts that are open for writing, each once; deleted ones travel in the image. */
export function filesOpenForWriting(
  files: readonly OpenFile[],
  mountPoints: readonly string[],
): { destination: string; path: string; bytes: number }[] {
  // Deepest first: a mount inside a mount is the nearer one.
  const destinations = [...mountPoints].sort((a, b) => b.length - a.length);
  const found = new Map<string, { destination: string; path: string; bytes: number }>();
  for (const { pid, fd, target } of files) {
    const destination = destinations.find((point) => target === point || target.startsWith(`${point}/`));
    if (destination === undefined || target.endsWith(' (deleted)') || found.has(target)) continue;
    const flags = present(() => /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1]);
    // The two lowest bits are the access mode: 0 reads only.
    if (flags === undefined || (parseInt(flags, 8) & 3) === 0) continue;
    const stats = present(() => statSync(`/proc/${pid}/fd/${fd}`));
    if (stats?.isFile())
      found.set(target, { destination, path: target.slice(destination.length + 1), bytes: stats.size });
  }
  const key = (file: { destination: string; path: string }): string => `${file.destination}\0${file.path}`;
  return [...found.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** undefined when the process or the file is gone. */
export function present<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
