import type { BatchRetries, BatchRetryStrategy } from '../../aws/batch.api.js';
import { list } from '../../common/finding.js';
import type { EnvironmentFinding } from '../environment-finding.js';

/** What Batch says of a job whose Spot instance went (AWS Batch user guide, "Automated job retries"); the job has no exit code then. */
const HOST_LOSS = 'Host EC2 (instance i-0123456789abcdef0) terminated.';

/**
 * Will Batch try the job again when its host goes? The first condition whose parts all match decides, and when none does the job is
 * retried (API reference, EvaluateOnExit). A part may end in `*`, which stands for any rest.
 */
export function retriesHostLoss({ attempts, evaluateOnExit }: BatchRetryStrategy): boolean {
  if (attempts < 2) return false;
  const decisive = evaluateOnExit.find(
    ({ onStatusReason, onReason, onExitCode }) =>
      matches(onStatusReason, HOST_LOSS) && matches(onReason, '') && matches(onExitCode, ''),
  );
  return decisive?.action !== 'EXIT';
}

function matches(pattern: string | null, text: string): boolean {
  if (pattern === null) return true;
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}

/** `from`: what the strategies are of; jobs tell how it is, definitions only how it will be. */
export function retryFindings(retries: readonly BatchRetries[], from: 'jobs' | 'definitions'): EnvironmentFinding[] {
  const not = retries.filter(({ retryStrategy }) => !retriesHostLoss(retryStrategy));
  if (not.length === 0) return [];
  const names = [...new Set(not.map(({ jobDefinitionArn }) => jobDefinitionArn.split('/').at(-1)!))].sort();
  return [
    {
      severity: from === 'jobs' ? 'error' : 'warning',
      code: 'host-loss-not-retried',
      message:
        from === 'jobs'
          ? `Batch will not try again, when their host goes, ${not.length} of the newest ${retries.length} jobs of its queues; their job definitions: ${list(names)}.`
          : `No job has been submitted to its queues for a week; of the active job definitions of the region, these will not be tried again when their host goes: ${list(names)}.`,
      why: 'A reclaimed job that Batch does not start again fails, however good its checkpoints are.',
      remedy:
        'Give the job definitions (or the jobs, when they are submitted) a retryStrategy of up to 10 attempts, first of its evaluateOnExit {"onStatusReason": "Host EC2*", "action": "RETRY"}, then {"onReason": "*", "action": "EXIT"}.',
    },
  ];
}
