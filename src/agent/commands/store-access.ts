import { FailureError } from '../../protocol/failure.js';
import type { ImageStore } from '../image-store/image-store.js';
import type { ImageEntry } from '../image-store/stored-image.js';
import type { StorageMonitor } from '../storage-monitor.js';

/** The store, or `storage-not-mounted` with what the last check of the storage found. */
export function readyStore(storage: StorageMonitor): ImageStore {
  if (storage.store !== null) return storage.store;
  throw new FailureError({
    code: 'storage-not-mounted',
    message:
      storage.storageId === null
        ? 'this host has no checkpoint storage'
        : `the storage is not ready: ${storage.health?.reason ?? 'not checked yet'}`,
    remedy:
      "mount the storage on this host, or register the jobs' compute environment with one; `batchpoint doctor` on the host shows the state",
  });
}

/** The committed image, or `checkpoint-not-found`. */
export async function findImage(store: ImageStore, jobId: string, checkpointId: string): Promise<ImageEntry> {
  const entry = await store.find(jobId, checkpointId);
  if (entry !== null) return entry;
  throw new FailureError({
    code: 'checkpoint-not-found',
    message: `checkpoint ${checkpointId} of job ${jobId} is not on the storage ${store.location.mountPath}`,
    remedy: 'list the checkpoints of the job; images are removed when newer ones replace them or the job ends',
  });
}
