import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MOST_SEEN_HOSTS } from '../../protocol/agent-api.js';
import { replaceFile } from './durable-files.js';
import { isMissing, onStorage } from './storage-failure.js';
import { canariesDirectory } from './store-layout.js';

/** A canary that was not written for so long proves nothing: a disk that was copied into an image has it too. */
const FRESH_MS = 10 * 60_000;
/** A file that is being written has a dot in its name. */
const HOST_ID = /^[\w-]+$/;
/** Of hosts that are gone. */
const STALE_MS = 60 * 60_000;

/**
 * Writes this host's canary and looks for those of others; resolves to the hosts whose canary is fresh, this one left out, at most
 * {@link MOST_SEEN_HOSTS}, those with the smallest ids, so that hosts with one storage come to the same. Ages are measured by the storage's
 * own clock: the time it gives the file just written.
 */
export async function exchangeCanaries(root: string, hostId: string): Promise<string[]> {
  const directory = join(canariesDirectory(root), 'hosts');
  return onStorage(`writing ${directory}`, root, async () => {
    const mine = join(directory, hostId);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await replaceFile(mine, `${new Date().toISOString()}\n`);
    const { mtimeMs: now } = await stat(mine);
    const seen: string[] = [];
    for (const name of (await readdir(directory)).sort()) {
      if (name === hostId || !HOST_ID.test(name)) continue;
      if (seen.length === MOST_SEEN_HOSTS) break;
      const age = now - (await modified(join(directory, name)));
      if (age < FRESH_MS) seen.push(name);
      else if (age > STALE_MS) await rm(join(directory, name), { force: true });
    }
    return seen;
  });
}

async function modified(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return Number.NaN;
    throw error;
  }
}
