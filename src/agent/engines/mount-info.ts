/** One line of /proc/<pid>/mountinfo; see proc_pid_mountinfo(5). */
export interface MountInfo {
  id: number;
  /** `major:minor` of the file system. */
  device: string;
  /** The part of the file system that is mounted; `/` for all of it. */
  root: string;
  mountPoint: string;
  type: string;
  source: string;
  mountOptions: string;
  /** Options of the file system itself; for overlay these hold lowerdir, upperdir and workdir. */
  superOptions: string;
}

/** Mounts in the kernel's order: a later one at the same place covers the earlier. */
export function parseMountInfo(text: string): MountInfo[] {
  const mounts: MountInfo[] = [];
  for (const line of text.split('\n')) {
    const [before, after] = line.split(' - ');
    if (before === undefined || after === undefined) continue;
    const [id, , device, root, mountPoint, mountOptions] = before.split(' ');
    const [type, source, superOptions] = after.split(' ');
    mounts.push({
      id: Number(id),
      device: device ?? '',
      root: unescapeOctal(root ?? ''),
      mountPoint: unescapeOctal(mountPoint ?? ''),
      type: type ?? '',
      source: unescapeOctal(source ?? ''),
      mountOptions: mountOptions ?? '',
      superOptions: unescapeOctal(superOptions ?? ''),
    });
  }
  return mounts;
}

/** The mount a path (absolute, links resolved) lies on. */
export function containingMount(mounts: readonly MountInfo[], path: string): MountInfo | null {
  let best: MountInfo | null = null;
  for (const mount of mounts) {
    const inside = mount.mountPoint === '/' || path === mount.mountPoint || path.startsWith(`${mount.mountPoint}/`);
    if (inside && mount.mountPoint.length >= (best?.mountPoint.length ?? 0)) best = mount;
  }
  return best;
}

/** The overlay mounted exactly there: where its changes are, and the options to mount it again. */
export function overlayOf(
  mounts: readonly MountInfo[],
  mountPoint: string,
): { upperDir: string; workDir: string; options: string } | null {
  const mount = mounts.findLast((candidate) => candidate.mountPoint === mountPoint);
  if (mount === undefined || mount.type !== 'overlay') return null;
  const upperDir = overlayOption(mount.superOptions, 'upperdir');
  const workDir = overlayOption(mount.superOptions, 'workdir');
  if (upperDir === undefined || workDir === undefined) return null;
  return { upperDir, workDir, options: mount.superOptions };
}

/** Commas and backslashes inside an overlay option's value are escaped with a backslash. */
function overlayOption(options: string, name: string): string | undefined {
  return new RegExp(`(?:^|,)${name}=((?:\\\\.|[^,\\\\])*)`).exec(options)?.[1]?.replace(/\\(.)/g, '$1');
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
