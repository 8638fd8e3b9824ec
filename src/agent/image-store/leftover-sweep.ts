import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest } from '../../protocol/manifest.js';
import { readIfPresent } from './durable-files.js';
import { brokenSince, removeJobDirectory } from './job-directory.js';
import { isMissing } from './storage-failure.js';
import { MANIFEST_FILE, STAGING_HOST_FILE, isDeletingName, jobsDirectory, parseStagingName } from './store-layout.js';

export interface SweepOptions {
  /** Checkpoints of this host that are at work right now. */
  keep?: ReadonlySet<string>;
  /** Age from which any host's leftovers are removed: its host is gone, or it would have finished. Default one day. */
  olderThanMs?: number;
}

const DAY_MS = 24 * 3_600_000;

export async function sweepLeftovers(root: string, hostId: string, options: SweepOptions): Promise<string[]> {
  const before = Date.now() - (options.olderThanMs ?? DAY_MS);
  const jobs = jobsDirectory(root);
  const removed: string[] = [];
  const remove = async (path: string): Promise<void> => {
    await rm(path, { recursive: true, force: true });
    removed.push(path);
  };
  for (const job of await readdir(jobs)) {
    const directory = join(jobs, job);
    if (isDeletingName(job)) {
      await remove(directory);
      continue;
    }
    const broken = await brokenSince(root, job);
    if (broken !== null && broken < before) {
      await removeJobDirectory(root, job);
      removed.push(directory);
      continue;
    }
    for (const name of await namesIn(directory)) {
      const path = join(directory, name);
      const staged = parseStagingName(name);
      if (isDeletingName(name)) await remove(path);
      else if (staged !== null && !options.keep?.has(staged)) {
        if ((await writerOf(path)) === hostId || (await isOlder(path, before))) await remove(path);
      } else if (name.endsWith('.tmp') && (await isOlder(path, before))) await remove(path);
    }
  }
  return removed;
}

/** The host that made a staging directory; null when it is too damaged to say. */
async function writerOf(staging: string): Promise<string | null> {
  const mark = await readIfPresent(join(staging, STAGING_HOST_FILE));
  if (mark !== null) return mark.trim();
  // Just before the rename the mark makes way for the manifest, which names the host too.
  const manifest = await readIfPresent(join(staging, MANIFEST_FILE));
  if (manifest === null) return null;
  try {
    return parseManifest(manifest).host.hostId;
  } catch {
    return null;
  }
}

async function isOlder(path: string, before: number): Promise<boolean> {
  try {
    return (await stat(path)).mtimeMs < before;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'ENOTDIR') return [];
    throw error;
  }
}
