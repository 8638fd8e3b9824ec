import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from './durable-files.js';
import { isMissing } from './storage-failure.js';
import { deletingName } from './store-layout.js';
import { isComplete, isReadable, type ImageEntry, type ImagePlace } from './stored-image.js';

/** Out of the list first, by one rename: a crash half-way leaves nothing that looks committed. */
export async function removeImage(place: ImagePlace): Promise<void> {
  const parent = dirname(place.directory);
  const aside = join(parent, deletingName(place.name));
  try {
    await rename(place.directory, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  await syncDirectory(parent);
  await rm(aside, { recursive: true, force: true });
}

/** `entries` newest first. Pinned images stay and count for nothing; images that a kept one builds on are kept too. */
export async function pruneImages(
  entries: readonly ImageEntry[],
  keep: number,
  pinned: ReadonlySet<string>,
): Promise<string[]> {
  const wanted = Math.max(1, keep);
  const kept = new Set<string>();
  let oldestKept = -1;
  for (const [index, entry] of entries.entries()) {
    if (kept.size === wanted) break;
    if (!isReadable(entry) || !(await isComplete(entry))) continue;
    kept.add(entry.checkpointId);
    oldestKept = index;
  }
  for (const id of pinned) kept.add(id);
  const parents = new Map(entries.filter(isReadable).map((entry) => [entry.checkpointId, entry.manifest.parentId]));
  for (const id of kept) {
    const parent = parents.get(id);
    if (parent !== null && parent !== undefined) kept.add(parent);
  }
  // With nothing complete to fall back on, nothing is removed.
  if (oldestKept === -1) return [];
  const removed: string[] = [];
  for (const entry of entries.slice(oldestKept + 1)) {
    if (kept.has(entry.checkpointId)) continue;
    await removeImage(entry);
    removed.push(entry.checkpointId);
  }
  return removed;
}
