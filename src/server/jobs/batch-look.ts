import { isOver } from './batch-state.js';
import type { Job } from './job.entity.js';

/** A job that just changed is looked at again after so long, and each time nothing changed after twice as long. */
const FIRST_LOOK_SECONDS = 30;
const LAST_LOOK_SECONDS = 600;

/**
 * When AWS Batch is to be asked about a job again, after it was asked now. Never again, once it has ended; a child of an array
 * only when the counts of its parent say that children changed.
 */
export function nextLook(job: Job, changed: boolean, now: number): Pick<Job, 'batchDueAt' | 'batchIntervalSeconds'> {
  if (job.batchState === null || isOver(job.batchState.status) || job.arrayParentId !== null)
    return { batchDueAt: null, batchIntervalSeconds: null };
  const before = job.batchIntervalSeconds;
  const seconds = changed || before === null ? FIRST_LOOK_SECONDS : Math.min(before * 2, LAST_LOOK_SECONDS);
  return { batchDueAt: new Date(now + seconds * 1000), batchIntervalSeconds: seconds };
}

/** When an event told of a change: where one came the next will, so that asking only makes up for those that are lost. */
export function lookAfterEvent(job: Job, now: number): Pick<Job, 'batchDueAt' | 'batchIntervalSeconds'> {
  return nextLook({ ...job, batchIntervalSeconds: LAST_LOOK_SECONDS }, false, now);
}

/** There is reason to think that AWS Batch has news of a job that it has not called ended. */
export function dueNow({ batchState }: Job): Pick<Job, 'batchDueAt'> | Record<string, never> {
  return batchState === null || isOver(batchState.status) ? {} : { batchDueAt: new Date() };
}
