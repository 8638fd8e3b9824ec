import type { CheckpointContext } from './checkpoint-context.js';

export const CHECKPOINT_STEP_NAMES = [
  'claim',
  'inspect',
  'check',
  'freeze',
  'observe',
  'dump',
  'capture-layer',
  'thaw',
  'seal',
  'commit',
  'prune',
] as const;
export type CheckpointStepName = (typeof CHECKPOINT_STEP_NAMES)[number];

export interface CheckpointStep {
  readonly name: CheckpointStepName;
  /** May be run again after a failure. Throws {@link FailureError} where the cause is known. */
  run(context: CheckpointContext): Promise<void>;
  /** Takes back what `run` did, however far it came; harmless when it did nothing, and when called twice. */
  undo?(context: CheckpointContext): Promise<void>;
}
