import type { CheckpointContext } from '../checkpoint-context.js';
import type { CheckpointStep } from '../checkpoint-step.js';

/** The job runs on. */
export const thawStep: CheckpointStep = {
  name: 'thaw',
  async run(context: CheckpointContext): Promise<void> {
    if (context.inspected === undefined || context.guard === undefined) return;
    if (context.frozenAt !== undefined) await context.inspected.freezer.thaw();
    if (context.frozenAt !== undefined && context.freezeSeconds === undefined) {
      context.freezeSeconds = (performance.now() - context.frozenAt) / 1000;
    }
    context.guard.dismiss();
    await context.journal.setFrozen(null);
  },
};
