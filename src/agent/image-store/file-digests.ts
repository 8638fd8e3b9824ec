import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createXXHash128 } from 'hash-wasm';
import { syncDirectory } from './durable-files.js';

/** A file of an image, written, flushed and digested. `path` is relative to the image's directory. */
export interface SealedFile {
  path: string;
  bytes: number;
  xxh128: string;
}

/** Small enough that hashing one leaves the event loop free, large enough that reads cost nothing. */
const CHUNK_BYTES = 1024 * 1024;
/** Node has four threads for file work: two flush, which leaves two to read for the digests meanwhile. */
const PARALLEL_FLUSHES = 2;
const PARALLEL_DIGESTS = 2;

/**
 * Makes everything below a directory durable and returns its files with their digests, in order of path. Hashing
 * runs while the kernel writes back, so that of the two only the slower one costs time.
 */
export async function sealDirectory(
  directory: string,
  leaveOut: ReadonlySet<string> = new Set(),
): Promise<SealedFile[]> {
  const { files, directories } = await walk(directory);
  const sizes = await mapLimited(
    files.filter((path) => !leaveOut.has(path)),
    PARALLEL_DIGESTS,
    async (path) => ({ path, size: (await stat(join(directory, path))).size }),
  );
  // The largest takes longest, so it begins first.
  const paths = sizes.sort((a, b) => b.size - a.size).map(({ path }) => path);
  const [sealed] = await allOrThrow([
    mapLimited(paths, PARALLEL_DIGESTS, async (path): Promise<SealedFile> => ({
      path,
      ...(await digestFile(join(directory, path))),
    })),
    mapLimited(paths, PARALLEL_FLUSHES, (path) => syncFile(join(directory, path))),
  ]);
  for (const path of directories) await syncDirectory(join(directory, path));
  return sealed.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** XXH3 of 128 bits, as `xxh128sum` writes it: several times the speed of a disk on one core. See docs/decisions/0006. */
export async function digestFile(path: string): Promise<{ bytes: number; xxh128: string }> {
  const handle = await open(path, 'r');
  try {
    return await digestHandle(handle);
  } finally {
    await handle.close();
  }
}

/** Paths below a directory, relative to it; `directories` holds the directory itself as '' and comes deepest first. */
export async function walk(directory: string): Promise<{ files: string[]; directories: string[] }> {
  const files: string[] = [];
  const directories: string[] = [];
  const visit = async (path: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) await visit(child);
      else files.push(relative(directory, child));
    }
    directories.push(relative(directory, path));
  };
  await visit(directory);
  return { files, directories };
}

/** Like Promise.all over a list, with at most `limit` at work; the first failure is thrown after the rest came to an end. */
export async function mapLimited<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      try {
        results[index] = await work(items[index]!);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await allOrThrow(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}

/** Waits for all, even when one fails: nothing may still be using a file handle that is about to be closed. */
export async function allOrThrow<T extends readonly unknown[]>(work: {
  [K in keyof T]: Promise<T[K]>;
}): Promise<T> {
  const results = await Promise.allSettled(work as unknown as Promise<unknown>[]);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Reads the next chunk while the last one is hashed. */
async function digestHandle(handle: FileHandle): Promise<{ bytes: number; xxh128: string }> {
  const hash = await createXXHash128();
  const buffers = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];
  let bytes = 0;
  let turn = 0;
  let reading = handle.read(buffers[turn]!, 0, CHUNK_BYTES, 0);
  for (;;) {
    const { bytesRead, buffer } = await reading;
    if (bytesRead === 0) return { bytes, xxh128: hash.digest('hex') };
    bytes += bytesRead;
    turn = 1 - turn;
    reading = handle.read(buffers[turn]!, 0, CHUNK_BYTES, bytes);
    hash.update(bytesRead === CHUNK_BYTES ? buffer : buffer.subarray(0, bytesRead));
  }
}
