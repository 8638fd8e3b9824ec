import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { overlayOf, parseMountInfo } from '../engines/mount-info.js';
import { unmountBelow } from './mounts-below.js';

const run = promisify(execFile);
const TOOL_LIMIT_MS = 20_000;

/** An overlay mount whose upper directory can be exchanged while nothing runs in it. */
export interface OverlayMount {
  rootPath: string;
  upperDir: string;
  /** The upper directory as Docker left it, while the image's stands in its place. */
  savedDir: string;
  /** As the kernel shows them, fit to mount again. */
  options: string;
}

/** null when the path is not the mount point of an overlay with an upper directory. */
export function findOverlay(rootPath: string): OverlayMount | null {
  const overlay = overlayOf(parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8')), rootPath);
  if (overlay === null) return null;
  return {
    rootPath,
    upperDir: overlay.upperDir,
    savedDir: `${overlay.upperDir}.before-restore`,
    // Shown by SELinux kernels for every mount, refused by all of them as an option.
    options: overlay.options
      .split(',')
      .filter((option) => option !== 'seclabel')
      .join(','),
  };
}

export async function unmountOverlay({ rootPath }: OverlayMount): Promise<void> {
  await run('umount', [rootPath], { timeout: TOOL_LIMIT_MS });
}

export async function mountOverlay({ rootPath, options }: OverlayMount): Promise<void> {
  await run('mount', ['--no-mtab', '--types', 'overlay', '--options', options, 'overlay', rootPath], {
    // Docker shortens long option strings by naming lower directories relative to its overlay directory.
    cwd: dirname(dirname(rootPath)),
    // The newer mount interface of the kernel takes at most 255 characters an option; image chains are longer.
    env: { ...process.env, LIBMOUNT_FORCE_MOUNT2: 'always' },
    timeout: TOOL_LIMIT_MS,
  });
}

/** Docker's upper directory goes aside; an empty one takes its place. The overlay must not be mounted. */
export function setUpperAside({ upperDir, savedDir }: OverlayMount): void {
  rmSync(savedDir, { recursive: true, force: true });
  renameSync(upperDir, savedDir);
  mkdirSync(upperDir, { mode: 0o755 });
}

/** From any state in between back to Docker's upper directory, mounted where it was. */
export async function putUpperBack(recorded: OverlayMount): Promise<void> {
  // The same container created again was mounted anew by Docker, perhaps with other options.
  const mounted = findOverlay(recorded.rootPath);
  const overlay = mounted ?? recorded;
  if (existsSync(recorded.savedDir)) {
    await unmountBelow(recorded.rootPath);
    if (mounted !== null) await unmountOverlay(overlay);
    rmSync(recorded.upperDir, { recursive: true, force: true });
    renameSync(recorded.savedDir, recorded.upperDir);
    await mountOverlay(overlay);
  } else if (mounted === null) {
    await mountOverlay(overlay);
  }
}
