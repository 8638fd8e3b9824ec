import type { ComputeEnvironment } from './compute-environment.entity.js';
import type { EnvironmentFinding } from './environment-finding.js';

/** What of its jobs is not known, and why. */
export function jobSyncFindings(
  environment: Pick<ComputeEnvironment, 'jobSyncFailure' | 'eventsFailure'>,
): EnvironmentFinding[] {
  const { jobSyncFailure, eventsFailure } = environment;
  const found: EnvironmentFinding[] = [];
  if (jobSyncFailure !== null) {
    found.push({
      severity: 'warning',
      code: 'job-sync-failed',
      message: jobSyncFailure,
      why: 'Queued jobs are not seen, nor how jobs ended whose host is gone. Jobs on hosts are followed and checkpointed all the same.',
      remedy: "Allow batch:ListJobs and batch:DescribeJobs to the server's role. It is tried again by itself.",
    });
  }
  if (eventsFailure !== null) {
    found.push({
      severity: 'warning',
      code: 'job-sync-failed',
      message: eventsFailure,
      why: 'Notices of Spot reclaims are not seen, and changes of jobs only when AWS Batch is next asked.',
      remedy:
        "Allow sqs:ReceiveMessage and sqs:DeleteMessage on the events queue to the server's role, or correct eventsQueueUrl. It is tried again by itself.",
    });
  }
  return found;
}
