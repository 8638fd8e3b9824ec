import { isOver } from './batch-state.js';
import type { Job } from './job.entity.js';

/**
 * A job that just changed is looked at again after so long, and each time nothing changed after twice as long. One that was
 * submitted longer ago than the longest pause when it is first seen starts there: the jobs that a queue held when it was first
 * read would else all be asked about five times, while others of them wait for their first.
 */
const FIRST_LOOK_SECONDS = 30;
const LAST_LOOK_SECONDS = 600;

/**
 * When AWS Batch is to be asked about a job again, after it was asked now. Never again, once it has ended; a child of an array
 * only when the counts of its parent say that children changed.
 */
export function nextLook(job: Job, changed: boolean, now: number): Pick<Job, 'batchDueAt' | 'batchIntervalSeconds'> {
  if (job.batchState === null || isOver(job.batchState.status) || job.arrayParentId !== null)
    return { batchDueAt: null, batchIntervalSeconds: null };
  const seconds = secondsToNextLook(job, changed, now);
  return { batchDueAt: new Date(now + seconds * 1000), batchIntervalSeconds: seconds };
}

function secondsToNextLook({ batchIntervalSeconds, submittedAt }: Job, changed: boolean, now: number): number {
  if (batchIntervalSeconds !== null)
    return changed ? FIRST_LOOK_SECONDS : Math.min(batchIntervalSeconds * 2, LAST_LOOK_SECONDS);
  const isOld = submittedAt !== null && now - submittedAt.getTime() >= LAST_LOOK_SECONDS * 1000;
  return isOld ? LAST_LOOK_SECONDS : FIRST_LOOK_SECONDS;
}

/** When an event told of a change: where one came the next will, so that asking only makes up for those that are lost. */
export function lookAfterEvent(job: Job, now: number): Pick<Job, 'batchDueAt' | 'batchIntervalSeconds'> {
  return nextLook({ ...job, batchIntervalSeconds: LAST_LOOK_SECONDS }, false, now);
}

/** There is reason to think that AWS Batch has news of a job that it has not called ended. */
export function dueNow({ batchState }: Job): Pick<Job, 'batchDueAt'> | Record<string, never> {
  return batchState === null || isOver(batchState.status) ? {} : { batchDueAt: new Date() };
}
