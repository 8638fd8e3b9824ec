/** Kept to what no shell, fstab or /proc/mounts needs to escape. */
export const MOUNT_PATH_PATTERN = /^(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/;

/** Belong to the system; mounting over them, or writing images into them, breaks the host. */
const SYSTEM = [
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/lib',
  '/lib32',
  '/lib64',
  '/proc',
  '/root',
  '/run',
  '/sbin',
  '/sys',
  '/usr',
];
/** Fine as parents, not themselves. */
const PARENTS = [
  '/home',
  '/media',
  '/mnt',
  '/opt',
  '/srv',
  '/tmp',
  '/var',
  '/var/lib',
  '/var/log',
  '/var/lib/docker',
  '/var/tmp',
];

/** Why this path cannot be a storage's mount path; null when it can. */
export function mountPathProblem(path: string): string | null {
  if (path.length > 200 || !MOUNT_PATH_PATTERN.test(path)) {
    return 'mountPath must be an absolute path of at most 200 letters, digits and ._- without "..", such as /mnt/batchpoint';
  }
  if (SYSTEM.some((system) => path === system || path.startsWith(`${system}/`))) {
    return `mountPath must not lie in a system directory (${path}); use for example /mnt/batchpoint`;
  }
  if (PARENTS.includes(path))
    return `mountPath must not be ${path} itself; use a directory in it, such as ${path}/batchpoint`;
  return null;
}
