import { toFailure } from '../../../protocol/failure.js';
import type { CheckpointContext } from '../checkpoint-context.js';
import type { CheckpointStep } from '../checkpoint-step.js';

/** Removes checkpoints beyond the number to keep. The new image is safe whatever happens here. */
export const pruneStep: CheckpointStep = {
  name: 'prune',
  async run(context: CheckpointContext): Promise<void> {
    const { store, jobId, policy, pinned } = context.request;
    try {
      context.pruned = await store.prune(jobId, policy.keep, pinned);
    } catch (error) {
      context.warnings.push(toFailure(error, 'prune'));
    }
  },
};
