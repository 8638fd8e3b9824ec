import type { PolicyProblem } from './policy.js';

export const IMAGE_PATH_VARIABLE = 'MMC_CHECKPOINT_IMAGE_PATH';
export const IMAGE_SUBPATH_VARIABLE = 'MMC_CHECKPOINT_IMAGE_SUBPATH';

/** The store's own directory below the mount path. */
const RESERVED = 'batchpoint';
const LONGEST = 255;

/**
 * Where below the mount path of the checkpoint storage a job wants its images, by the incumbent's variables: what
 * `MMC_CHECKPOINT_IMAGE_PATH` adds to the mount path, then `MMC_CHECKPOINT_IMAGE_SUBPATH`. Plain names joined by `/`;
 * null: nowhere in particular. A path outside the storage is not followed: the agent writes as root, and images on
 * something that hosts do not share would be lost.
 */
export function imageSubpath(
  env: Readonly<Record<string, string>>,
  mountPath: string,
): { subpath: string | null; problems: PolicyProblem[] } {
  const names: string[] = [];
  const problems: PolicyProblem[] = [];
  const read = (variable: string, below: (value: string) => string[] | string): void => {
    const value = env[variable];
    if (value === undefined || value === '') return;
    const found = value.length > LONGEST ? `longer than ${LONGEST} characters` : below(value);
    const reason = typeof found === 'string' ? found : refusal([...names, ...found]);
    if (reason !== null) problems.push({ variable, value, reason });
    else names.push(...found);
  };
  read(IMAGE_PATH_VARIABLE, (value) => {
    const [mount, path] = [namesIn(mountPath), namesIn(value)];
    return value.startsWith('/') && mount.every((name, index) => path[index] === name)
      ? path.slice(mount.length)
      : `not in ${mountPath}, where the checkpoint storage is mounted`;
  });
  read(IMAGE_SUBPATH_VARIABLE, (value) => (value.startsWith('/') ? 'not a relative path' : namesIn(value)));
  return { subpath: names.length === 0 ? null : names.join('/'), problems };
}

function namesIn(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
}

function refusal(names: string[]): string | null {
  const odd = names.find((name) => !/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name));
  if (odd !== undefined) return `"${odd}" is not a name of letters, digits, "_", "-" and, but first, "."`;
  return names[0] === RESERVED ? `"${RESERVED}" is the image store's own directory` : null;
}
