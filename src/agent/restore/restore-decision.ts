import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Failure } from '../../protocol/failure.js';
import { jobPolicy, mergePolicy, type Policy } from '../../protocol/policy.js';
import type { RestorePin } from '../../protocol/shim-api.js';
import type { ImageStore } from '../image-store/image-store.js';
import type { ImageEntry } from '../image-store/stored-image.js';
import { readIfPresent, replaceFile } from '../image-store/durable-files.js';
import { jobDirectory, jobKey } from '../image-store/store-layout.js';

/** `candidates` in the order to try them. Without any, `reason` says why the job starts fresh; null: nothing was lost. */
export interface RestoreDecision {
  candidates: ImageEntry[];
  reason: Failure | null;
}

/** What the job's next container continues from. */
export async function decide(
  store: ImageStore,
  jobId: string,
  environment: Readonly<Record<string, string>>,
  system: Policy,
  pin: RestorePin | null,
): Promise<RestoreDecision> {
  const images = await store.list(jobId);
  if (pin !== null) return pinned(images, pin);
  const finished = await store.records.finished(jobId);
  if (finished !== null) {
    await retireImages(store, jobId, images);
    await store.records.clearFinished(jobId);
    return { candidates: [], reason: null };
  }
  const retired = await retiredImages(store, jobId);
  const candidates = images.filter(({ checkpointId }) => !retired.has(checkpointId));
  if (candidates.length > 0 && mergePolicy(system, jobPolicy(environment).override).mode === 'off') {
    return {
      candidates: [],
      reason: {
        code: 'checkpointing-off',
        message: `checkpointing is off for this job, so its ${candidates.length} checkpoint(s) were not used`,
        remedy: 'set the policy mode to periodic or manual, or MMC_CHECKPOINT_MODE in the job definition',
      },
    };
  }
  return { candidates, reason: null };
}

/**
 * Images of a run that ended well, if they were kept, must not be continued by a later run of the same id. They are named
 * in `retired.json` beside them and can still be asked for by id.
 */
async function retireImages(store: ImageStore, jobId: string, images: readonly ImageEntry[]): Promise<void> {
  if (images.length === 0) return;
  await replaceFile(retiredFile(store, jobId), `${JSON.stringify(images.map(({ checkpointId }) => checkpointId))}\n`);
}

async function retiredImages(store: ImageStore, jobId: string): Promise<ReadonlySet<string>> {
  const text = await readIfPresent(retiredFile(store, jobId));
  return new Set(text === null ? [] : z.array(z.string()).parse(JSON.parse(text)));
}

function retiredFile(store: ImageStore, jobId: string): string {
  return join(jobDirectory(store.root, jobId), 'retired.json');
}

/** A person asked for this one: whatever the policy says, and older ones after it, newer ones never. */
function pinned(images: ImageEntry[], pin: RestorePin): RestoreDecision {
  const at = images.findIndex(({ checkpointId }) => checkpointId === pin.checkpointId);
  if (at >= 0) return { candidates: images.slice(at), reason: null };
  return {
    candidates: [],
    reason: {
      code: 'checkpoint-not-found',
      message: `checkpoint ${pin.checkpointId}, which was asked for, is not on the storage (the job has ${images.length})`,
      remedy: 'list the checkpoints of the job and ask for one of them',
    },
  };
}

/** Takes the pin away: it is for one start, whatever becomes of it. null when there is none, or it cannot be read. */
export function takePin(stateDir: string, jobId: string): RestorePin | null {
  const path = join(stateDir, 'pins', jobKey(jobId));
  try {
    const text = readFileSync(path, 'utf8');
    rmSync(path, { force: true });
    return z.object({ restoreId: z.string(), checkpointId: z.string() }).parse(JSON.parse(text));
  } catch {
    return null;
  }
}
