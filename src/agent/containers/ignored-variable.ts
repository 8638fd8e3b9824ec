import type { JobEventReport } from '../../protocol/agent-api.js';
import type { PolicyProblem } from '../../protocol/policy.js';

/** The event that says so to whoever looks at the job. */
export function ignoredVariable(
  { jobId, containerId }: { jobId: string; containerId: string },
  { variable, value, reason }: PolicyProblem,
): JobEventReport {
  const message = `${variable}="${value}" is ignored: ${reason}; the job goes on as it would without it`;
  const remedy = `correct ${variable} in the job definition`;
  const failure = { code: 'invalid-job-policy', message, remedy } as const;
  return { type: 'job-event', jobId, containerId, event: 'job-policy-ignored', message, failure };
}
