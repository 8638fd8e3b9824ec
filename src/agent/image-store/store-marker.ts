import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FailureError } from '../../protocol/failure.js';
import { createFile, readIfPresent, syncDirectory } from './durable-files.js';
import { STORE_DIRECTORY, STORE_MARKER, jobsDirectory } from './store-layout.js';

const STORE_FORMAT = 'batchpoint.store';
const STORE_VERSION = 1;
const markerSchema = z.object({ format: z.literal(STORE_FORMAT), version: z.number().int() });

/** Makes the store's directories and its marker where they are missing; the first host does, the others find it. */
export async function createMarker(mountPath: string, mayCreateMountPath: boolean): Promise<void> {
  if (mayCreateMountPath) await mkdir(mountPath, { recursive: true, mode: 0o700 });
  else await stat(mountPath);
  const root = join(mountPath, STORE_DIRECTORY);
  if ((await readIfPresent(join(root, STORE_MARKER))) !== null) return;
  await mkdir(jobsDirectory(root), { recursive: true, mode: 0o700 });
  const marker = { format: STORE_FORMAT, version: STORE_VERSION, createdAt: new Date().toISOString() };
  await createFile(join(root, STORE_MARKER), `${JSON.stringify(marker)}\n`);
  await syncDirectory(mountPath);
}

/** Throws unless this is a store that this program understands. */
export async function checkMarker(root: string): Promise<void> {
  const path = join(root, STORE_MARKER);
  const text = await readIfPresent(path);
  if (text === null) {
    throw new FailureError({
      code: 'storage-not-mounted',
      message: `${path} is missing: this is not the storage that held the checkpoints`,
      remedy: `mount the storage again; to use ${root} as a new one, restart the agent`,
    });
  }
  let marker: z.infer<typeof markerSchema>;
  try {
    marker = markerSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new FailureError(
      {
        code: 'storage-write-failed',
        message: `${path} is damaged`,
        remedy: 'move the file away and restart the agent',
      },
      { cause: error },
    );
  }
  if (marker.version === STORE_VERSION) return;
  throw new FailureError({
    code: 'host-not-ready',
    message: `${path} has version ${marker.version}, this program understands ${STORE_VERSION}`,
    remedy: 'install the same batchpoint release on every host',
  });
}
