import type { ContainerReport } from '../../protocol/agent-api.js';
import type { Job } from './job.entity.js';
import type { ContainerStatus, JobAttempt } from './job-attempt.entity.js';

/** A container goes through these in order. `exited` stands above `lost`: its exit code was seen after all. */
const RANK: Record<ContainerStatus, number> = { created: 0, running: 1, lost: 2, exited: 3 };

/**
 * An attempt with one more report of its container. The order in which reports arrive makes no difference: the report
 * furthest along wins (of those equally far, the latest), and each time is the earliest or the latest ever told.
 */
export function mergeAttempt(
  known: JobAttempt | null,
  jobId: string,
  hostId: string,
  report: ContainerReport & { at: string },
): JobAttempt {
  const at = new Date(report.at);
  const told: JobAttempt = {
    jobId,
    hostId,
    containerId: report.containerId,
    attempt: report.attempt,
    status: report.status,
    containerName: report.containerName,
    image: report.image,
    imageBytes: report.imageBytes ?? null,
    command: report.command,
    exitCode: report.exitCode,
    startedAt: report.startedAt === null ? null : new Date(report.startedAt),
    stoppedAt: report.finishedAt === null ? null : new Date(report.finishedAt),
    policy: report.policy,
    protected: report.protected && report.unprotectedReason === null,
    unprotectedReason: report.unprotectedReason,
    reportedAt: at,
    firstReportedAt: at,
    lastReportedAt: at,
  };
  if (known === null) return told;
  const further = RANK[told.status] - RANK[known.status];
  const wins = further > 0 || (further === 0 && told.reportedAt >= known.reportedAt);
  return {
    ...(wins ? told : known),
    imageBytes: known.imageBytes ?? told.imageBytes,
    startedAt: earliest(known.startedAt, told.startedAt),
    firstReportedAt: earliest(known.firstReportedAt, told.firstReportedAt)!,
    lastReportedAt: latest(known.lastReportedAt, told.lastReportedAt),
  };
}

/** The attempt whose container started last. */
export function currentAttempt<A extends Pick<JobAttempt, 'startedAt' | 'firstReportedAt' | 'containerId'>>(
  attempts: readonly A[],
): A | undefined {
  return attempts.toSorted((a, b) => startOf(a) - startOf(b) || (a.containerId < b.containerId ? -1 : 1)).at(-1);
}

/** What a job says of its current attempt. */
export function jobFields(attempt: JobAttempt): Partial<Job> {
  const {
    hostId,
    containerId,
    containerName,
    image,
    command,
    exitCode,
    startedAt,
    stoppedAt,
    policy,
    unprotectedReason,
  } = attempt;
  return {
    ...agentStatus(attempt),
    hostId,
    containerId,
    containerName,
    image,
    command,
    attempt: attempt.attempt,
    exitCode,
    startedAt,
    stoppedAt,
    policy,
    protected: attempt.protected,
    unprotectedReason,
  };
}

/** A job's status, if only its host is asked. */
export function agentStatus({ status, exitCode }: JobAttempt): Pick<Job, 'status' | 'statusReason'> {
  if (status === 'created') return { status: 'STARTING', statusReason: null };
  if (status === 'running') return { status: 'RUNNING', statusReason: null };
  if (status === 'lost')
    return { status: 'FAILED', statusReason: 'The container was gone when the agent looked for it.' };
  if (exitCode === 0) return { status: 'SUCCEEDED', statusReason: null };
  return {
    status: 'FAILED',
    statusReason: `The container exited with ${exitCode === null ? 'an unknown code' : `code ${exitCode}`}.`,
  };
}

function startOf({ startedAt, firstReportedAt }: Pick<JobAttempt, 'startedAt' | 'firstReportedAt'>): number {
  return (startedAt ?? firstReportedAt).getTime();
}

function earliest(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a <= b ? a : b;
}

function latest(a: Date, b: Date): Date {
  return a >= b ? a : b;
}
