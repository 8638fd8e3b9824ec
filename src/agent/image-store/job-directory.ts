import { lstat, mkdir, readlink, realpath, rename, rm, rmdir, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from './durable-files.js';
import { errorCode, isMissing } from './storage-failure.js';
import {
  STORE_DIRECTORY,
  deletingName,
  jobDirectory,
  jobKey,
  jobLink,
  jobsDirectory,
  linkedDirectory,
  parseJobLink,
} from './store-layout.js';

const OWN_MODE = 0o700;
/** Directories of a sub-path are shared with whatever else users keep there. */
const SUBPATH_MODE = 0o755;
/** The set-group-id bit, which a directory takes over from the one it is made in. */
const SET_GROUP = 0o2000;
const TRIES = 3;

/**
 * The job's directory, made durable when it is new: below `subpath`, with a link to it in its usual place, where one is
 * given. A job that has a directory keeps it. Resolves to the reason when `subpath` could not be used; the directory
 * is then in its usual place. A link whose directory is missing (the removal of the job was cut short) gets it back.
 */
export async function makeJobDirectory(
  root: string,
  jobId: string,
  subpath: string | null = null,
): Promise<string | null> {
  const directory = jobDirectory(root, jobId);
  if (await isThere(directory)) return null;
  const link = await linkAt(directory);
  const linked = link === null ? null : parseJobLink(link, jobId);
  if (linked !== null) {
    await makeLinked(root, jobId, linked);
    return null;
  }
  // Nobody here makes links that lead elsewhere.
  if (link !== null) await rm(directory, { force: true });
  const reason = subpath === null ? null : await linkJob(root, jobId, subpath);
  if (subpath !== null && reason === null) return null;
  const created = await mkdir(directory, { recursive: true, mode: OWN_MODE });
  if (created !== undefined) await syncDirectory(jobsDirectory(root));
  return reason;
}

/**
 * Out of the store first, by one rename, then for good. What is left of a link is taken for a job without images.
 * Directories of the sub-path go too when nothing else is in them.
 */
export async function removeJobDirectory(root: string, jobId: string): Promise<void> {
  const directory = jobDirectory(root, jobId);
  const link = await linkAt(directory);
  const subpath = link === null ? null : parseJobLink(link, jobId);
  const aside = join(jobsDirectory(root), deletingName(`${jobKey(jobId)}-${Date.now()}`));
  try {
    await rename(subpath === null ? directory : linkedPath(root, jobId, subpath), aside);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  if (subpath !== null) {
    // Else a crash could leave the images and lose the link, which alone leads to them.
    await syncDirectory(jobsDirectory(root));
    await rm(directory, { force: true });
    await removeEmpty(root, subpath);
  }
  await rm(aside, { recursive: true, force: true });
}

/** When the link was made, if the job's directory is a link that leads nowhere; else null. */
export async function brokenSince(root: string, jobId: string): Promise<number | null> {
  const directory = jobDirectory(root, jobId);
  if ((await linkAt(directory)) === null || (await isThere(directory))) return null;
  return (await lstat(directory)).mtimeMs;
}

/** null when done, else why not. Whatever is wrong, the usual place remains. */
async function linkJob(root: string, jobId: string, subpath: string): Promise<string | null> {
  const directory = jobDirectory(root, jobId);
  const link = jobLink(subpath, jobId);
  try {
    await makeLinked(root, jobId, subpath);
    await symlink(link, directory);
    await syncDirectory(jobsDirectory(root));
    return null;
  } catch (error) {
    // Another host was first, most likely with the same link.
    const lost = errorCode(error) === 'EEXIST';
    if (lost && (await linkAt(directory)) === link) return null;
    await rmdir(linkedPath(root, jobId, subpath)).catch(() => undefined);
    await removeEmpty(root, subpath);
    return lost ? null : ((error as Error).message ?? String(error));
  }
}

/** Does not leave the storage: no link on the way is followed, no other file system entered. */
async function makeLinked(root: string, jobId: string, subpath: string): Promise<void> {
  const mountPath = dirname(root);
  if ((await realpath(jobsDirectory(root))) !== join(await realpath(mountPath), STORE_DIRECTORY, 'jobs'))
    throw new Error(`${jobsDirectory(root)} leads through a symbolic link, so that none can lead out of it`);
  const { dev } = await stat(root);
  for (let tries = 1; ; tries += 1) {
    try {
      let path = mountPath;
      for (const name of subpath.split('/')) await makeOne((path = join(path, name)), SUBPATH_MODE, dev);
      return await makeOne(linkedPath(root, jobId, subpath), OWN_MODE, dev);
    } catch (error) {
      // Another host removed a directory that was empty between our two looks.
      if (!isMissing(error) || tries === TRIES) throw error;
    }
  }
}

async function makeOne(path: string, mode: number, dev: number): Promise<void> {
  try {
    await mkdir(path, { mode });
    await syncDirectory(dirname(path));
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  const stats = await lstat(path);
  if (!stats.isDirectory()) throw new Error(`${path} is not a directory`);
  if (stats.dev !== dev) throw new Error(`${path} is on another file system than ${dirname(path)}`);
}

/** The innermost first, as far as they are empty and say nothing by their owner or mode that a new one would not. */
async function removeEmpty(root: string, subpath: string): Promise<void> {
  const { uid } = await stat(root);
  const names = subpath.split('/');
  for (; names.length > 0; names.pop()) {
    const path = join(dirname(root), ...names);
    try {
      const stats = await lstat(path);
      const inherited = (await lstat(dirname(path))).mode & SET_GROUP;
      if (stats.uid !== uid || (stats.mode & 0o7777 & ~SUBPATH_MODE & ~inherited) !== 0) return;
      await rmdir(path);
    } catch {
      return;
    }
  }
}

function linkedPath(root: string, jobId: string, subpath: string): string {
  return join(dirname(root), linkedDirectory(subpath, jobId));
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}

/** null: no link there. */
async function linkAt(path: string): Promise<string | null> {
  try {
    return await readlink(path);
  } catch (error) {
    if (['ENOENT', 'EINVAL'].includes(errorCode(error) ?? '')) return null;
    throw error;
  }
}
