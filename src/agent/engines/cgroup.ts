import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseMountInfo, type MountInfo } from './mount-info.js';

/**
 * The directory of a process's cgroup that holds the files of a controller: its own hierarchy under cgroup v1, the
 * unified one under v2. null when the controller is not there. `freezer` is always there under v2.
 */
export async function cgroupOf(
  pid: number,
  controller: 'freezer' | 'memory',
): Promise<{ path: string; version: 1 | 2 } | null> {
  const [membership, mountText] = await Promise.all([
    readFile(`/proc/${pid}/cgroup`, 'utf8'),
    readFile('/proc/self/mountinfo', 'utf8'),
  ]);
  const mounts = parseMountInfo(mountText);
  for (const line of membership.split('\n')) {
    const [, id, controllers, path] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (id === undefined || controllers === undefined || path === undefined) continue;
    if (controllers.split(',').includes(controller)) {
      const mount = mounts.find(
        ({ type, superOptions }) => type === 'cgroup' && superOptions.split(',').includes(controller),
      );
      return mount === undefined ? null : { path: below(mount, path), version: 1 };
    }
  }
  const unified = /^0::(.*)$/m.exec(membership)?.[1];
  const mount = mounts.find(({ type }) => type === 'cgroup2');
  if (unified === undefined || mount === undefined || unified === '/') return null;
  return { path: below(mount, unified), version: 2 };
}

/** Inside a container the hierarchy may be mounted from the container's own cgroup on. */
function below(mount: MountInfo, path: string): string {
  const inside = mount.root !== '/' && path.startsWith(mount.root) ? path.slice(mount.root.length) : path;
  return join(mount.mountPoint, inside);
}
