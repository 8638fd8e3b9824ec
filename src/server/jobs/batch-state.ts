import type { BatchJob, BatchStatus } from '../aws/batch-job.js';

/** What AWS Batch last said of a job, as far as its status goes. Times are milliseconds since 1970. */
export interface BatchState {
  status: BatchStatus;
  statusReason: string | null;
  /** Attempts that had ended. */
  endedAttempts: number;
  attemptReason: string | null;
  exitCode: number | null;
  startedAt: number | null;
  stoppedAt: number | null;
  /** Of an array's parent. */
  childStatuses: Partial<Record<BatchStatus, number>> | null;
  /** As of when: when it was asked, or when the event happened. */
  at: number;
}

const RANK: Record<BatchStatus, number> = {
  SUBMITTED: 0,
  PENDING: 1,
  RUNNABLE: 2,
  STARTING: 3,
  RUNNING: 4,
  SUCCEEDED: 5,
  FAILED: 5,
};

export function isOver(status: BatchStatus): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED';
}

export function batchStateOf(job: BatchJob, at: number): BatchState {
  const { status, statusReason, endedAttempts, attemptReason, exitCode, startedAt, stoppedAt, childStatuses } = job;
  return { status, statusReason, endedAttempts, attemptReason, exitCode, startedAt, stoppedAt, childStatuses, at };
}

/**
 * The further of two words of AWS Batch about one job; which came first makes no difference. A job's end is final; more ended
 * attempts are later than fewer; then the later moment counts, in whole seconds, which is what events carry; within one
 * second, the status further along.
 */
export function laterBatchState(a: BatchState, b: BatchState): BatchState {
  const [x, y] = [orderOf(a), orderOf(b)];
  for (let i = 0; i < x.length; i += 1) {
    if (x[i] !== y[i]) return x[i]! > y[i]! ? a : b;
  }
  // The same word of the same moment, but for a detail: any fixed choice will do.
  return inOrder(a) >= inOrder(b) ? a : b;
}

function orderOf(state: BatchState): number[] {
  const over = isOver(state.status) ? 1 : 0;
  return [over, state.endedAttempts, Math.floor(state.at / 1000), RANK[state.status], state.at];
}

/** PostgreSQL gives the fields back in an order of its own. */
function inOrder(state: BatchState): string {
  return JSON.stringify(Object.entries(state).sort(([a], [b]) => (a < b ? -1 : 1)));
}
