import { type BatchState, isOver } from './batch-state.js';
import type { JobStatus } from './job.entity.js';
import { agentStatus } from './attempt-merge.js';
import type { JobAttempt } from './job-attempt.entity.js';

/** What is shown of a job's progress. */
export interface JobState {
  status: JobStatus;
  statusReason: string | null;
  exitCode: number | null;
  startedAt: Date | null;
  stoppedAt: Date | null;
}

/**
 * Whose word counts, the host's or AWS Batch's. A host measures its containers: what runs there, runs. AWS Batch alone knows
 * the queue, the attempts after this one, and how a job ended whose host is gone.
 *
 *   newest container   AWS Batch says             host is there       host is gone
 *   none               anything                   AWS Batch           AWS Batch
 *   any                nothing                    host                host
 *   there, or running  that attempt, or earlier   host                host
 *   there, or running  a later attempt            host                AWS Batch
 *   there, or running  ended                      host                AWS Batch
 *   ended, or lost     that attempt, or earlier   host                host
 *   ended, or lost     a later attempt            AWS Batch           AWS Batch
 *   ended, or lost     ended                      AWS Batch           AWS Batch
 */
export function jobState(
  newest: JobAttempt | undefined,
  batch: BatchState | null,
  hostIsThere: boolean,
): JobState | null {
  if (newest === undefined) return batch === null ? null : batchWord(batch);
  if (batch === null) return hostWord(newest);
  const ended = newest.status === 'exited' || newest.status === 'lost';
  if (!ended && hostIsThere) return hostWord(newest);
  if (isOver(batch.status)) return ending(newest, batch);
  return isAhead(batch, newest) ? { ...batchWord(batch), exitCode: null, stoppedAt: null } : hostWord(newest);
}

/** AWS Batch counts the container's attempt as ended. A container without a number: when it said so after the host's last word. */
function isAhead(batch: BatchState, { attempt, lastReportedAt }: JobAttempt): boolean {
  if (attempt !== null) return batch.endedAttempts >= attempt;
  return batch.endedAttempts > 0 && batch.at > lastReportedAt.getTime();
}

function hostWord(attempt: JobAttempt): JobState {
  const { exitCode, startedAt, stoppedAt } = attempt;
  return { ...agentStatus(attempt), exitCode, startedAt, stoppedAt };
}

function batchWord({ status, statusReason, attemptReason, exitCode, startedAt, stoppedAt }: BatchState): JobState {
  // A job that waits again says nothing of why by itself: the attempt before does.
  return {
    status,
    statusReason: statusReason ?? (isOver(status) ? null : attemptReason),
    exitCode,
    startedAt: dateOf(startedAt),
    stoppedAt: dateOf(stoppedAt),
  };
}

/** The verdict is AWS Batch's; what it leaves open, the host measured. */
function ending(attempt: JobAttempt, batch: BatchState): JobState {
  const word = batchWord(batch);
  const seen = hostWord(attempt);
  return {
    status: word.status,
    statusReason: word.statusReason ?? (seen.status === word.status ? seen.statusReason : null),
    exitCode: word.exitCode ?? seen.exitCode,
    startedAt: seen.startedAt ?? word.startedAt,
    stoppedAt: seen.stoppedAt ?? word.stoppedAt,
  };
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}
