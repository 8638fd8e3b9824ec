/** State machines as data. A transition that is not listed is illegal and is refused by name. */
export type Transitions<S extends string> = Readonly<Record<S, readonly S[]>>;

export const CHECKPOINT_STATUSES = ['pending', 'running', 'committed', 'failed', 'deleted'] as const;
export type CheckpointStatus = (typeof CHECKPOINT_STATUSES)[number];
/**
 * Only a committed checkpoint can restore. The order is total (pending < running < failed < committed < deleted), so that
 * reports which reach the server late or out of order end in the same state. `failed` may become `committed`: the server
 * presumes a checkpoint lost when its host falls silent, and the host may come back with the image. `deleted` is reached
 * from everywhere: on shared storage another host may prune an image before the report of its commit arrived.
 */
export const CHECKPOINT_TRANSITIONS: Transitions<CheckpointStatus> = {
  pending: ['running', 'failed', 'committed', 'deleted'],
  running: ['failed', 'committed', 'deleted'],
  committed: ['deleted'],
  failed: ['committed', 'deleted'],
  deleted: [],
};

export const CHECKPOINT_TRIGGERS = ['manual', 'periodic', 'spot-notice'] as const;
export type CheckpointTrigger = (typeof CHECKPOINT_TRIGGERS)[number];

export const RESTORE_STATUSES = ['pending', 'running', 'succeeded', 'failed'] as const;
export type RestoreStatus = (typeof RESTORE_STATUSES)[number];
/** `failed` may become `succeeded`, for the same reason as above: the server's presumption, corrected by the host. */
export const RESTORE_TRANSITIONS: Transitions<RestoreStatus> = {
  pending: ['running', 'succeeded', 'failed'],
  running: ['succeeded', 'failed'],
  succeeded: [],
  failed: ['succeeded'],
};

export const OPERATION_STATUSES = ['pending', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type OperationStatus = (typeof OPERATION_STATUSES)[number];
export const OPERATION_TRANSITIONS: Transitions<OperationStatus> = {
  pending: ['running', 'succeeded', 'failed', 'cancelled'],
  running: ['succeeded', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

/** The states from which `to` may be entered: the WHERE clause of a conditional update. */
export function statesLeadingTo<S extends string>(transitions: Transitions<S>, to: S): S[] {
  return (Object.keys(transitions) as S[]).filter((from) => transitions[from].includes(to));
}
