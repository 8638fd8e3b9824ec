/**
 * Why a checkpoint or a restore did not happen. One closed list, shared by agent and server, shown to users as
 * `code`; `docs/failure-codes.md` explains each with its remedy and a test keeps the two in step.
 */
export const FAILURE_CODES = [
  // refused before anything was touched
  'job-not-running',
  'not-under-batchpoint-runtime',
  'checkpointing-off',
  'checkpoint-in-progress',
  'container-paused',
  'process-stopped',
  'unsupported-resource',
  'several-containers',
  'multi-node-job',
  'storage-not-mounted',
  'storage-full',
  'storage-not-shared',
  'host-not-ready',
  'invalid-job-policy',
  // while checkpointing
  'freeze-failed',
  'dump-failed',
  'dump-timed-out',
  'writable-layer-failed',
  'storage-write-failed',
  'container-exited',
  'fenced',
  'agent-restarted',
  'cancelled',
  // image found unfit
  'checkpoint-not-found',
  'manifest-unreadable',
  'digest-mismatch',
  'file-missing',
  // host unfit for the image
  'architecture-mismatch',
  'cpu-features-missing',
  'kernel-too-old',
  'criu-too-old',
  'cgroup-version-mismatch',
  'host-memory-too-small',
  'gpu-model-mismatch',
  'gpu-driver-too-old',
  'several-gpus',
  'container-image-mismatch',
  'mounts-mismatch',
  'bind-mount-file-missing',
  // while restoring
  'job-still-running',
  'layer-apply-failed',
  'criu-restore-failed',
  'restore-timed-out',
  'container-create-failed',
  // command delivery
  'host-offline',
  'expired',
  // on the server's side
  'aws-failed',
  'internal',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

/** A failure in words an operator can act on. */
export interface Failure {
  code: FailureCode;
  /** What happened and why, one sentence, with the numbers. */
  message: string;
  /** What to do about it. */
  remedy?: string;
  /** The root line of the tool's own log (CRIU, runc, tar), when there is one. */
  logLine?: string;
  /** The pipeline step that failed. */
  step?: string;
}

/** Thrown by agent code wherever the cause is known; anything else becomes `internal`. */
export class FailureError extends Error {
  constructor(
    readonly failure: Failure,
    options?: { cause?: unknown },
  ) {
    super(failure.message, options);
    this.name = 'FailureError';
  }
}

export function toFailure(error: unknown, step?: string): Failure {
  const base: Failure =
    error instanceof FailureError
      ? error.failure
      : { code: 'internal', message: error instanceof Error ? error.message : String(error) };
  return step === undefined || base.step !== undefined ? base : { ...base, step };
}
