import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '../../../protocol/failure.js';
import { onStorage, storageFull } from '../../image-store/storage-failure.js';
import { LAYER_FILE } from '../../image-store/store-layout.js';
import { settled, type CheckpointContext } from '../checkpoint-context.js';
import type { CheckpointStep } from '../checkpoint-step.js';

/** The container's writable layer into the staging directory, by tar; nothing when policy leaves it out. */
export const captureLayerStep: CheckpointStep = {
  name: 'capture-layer',
  async run(context: CheckpointContext): Promise<void> {
    const tool = context.layerTool;
    if (tool === undefined) {
      context.writableLayer = null;
      return;
    }
    const giveUp = (): void => tool.kill();
    context.abandoned.signal.addEventListener('abort', giveUp);
    tool.start();
    const result = await tool.finished;
    context.abandoned.signal.removeEventListener('abort', giveUp);
    const { directory } = settled(context, 'staging');
    if (result.code === 0) {
      const path = join(directory, LAYER_FILE);
      const { size } = await onStorage(`looking at ${path}`, directory, () => stat(path));
      context.writableLayer = { file: LAYER_FILE, bytes: size };
      return;
    }
    if (/No space left on device|Disk quota exceeded/.test(result.output)) {
      throw storageFull('the storage ran full while the writable layer was written');
    }
    const line = result.output.split('\n').find((text) => text.startsWith('tar:')) ?? result.output.slice(-400);
    throw new FailureError({
      code: 'writable-layer-failed',
      message: `tar could not capture the writable layer (${result.signal ?? `exit ${result.code}`}): ${line}`,
      remedy: "check Docker's data directory and the storage on this host; the job runs on",
      logLine: line,
    });
  },
};
