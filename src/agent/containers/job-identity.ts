/** What AWS Batch says of a job in its container's environment. */
export interface JobIdentity {
  /** `AWS_BATCH_JOB_ID`: of an array child `<id>:<index>`. */
  jobId: string;
  /** 1 for the first; null when Batch (or its stand-in) does not say. */
  attempt: number | null;
  jobQueue: string | null;
  computeEnvironment: string | null;
}

/** `NAME=value` lines as Docker holds them; the last of a name wins, as it does for the process. */
export function environmentOf(lines: readonly string[] | null | undefined): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const line of lines ?? []) {
    const at = line.indexOf('=');
    if (at > 0) environment[line.slice(0, at)] = line.slice(at + 1);
  }
  return environment;
}

/** null: not a container of a Batch job. */
export function jobIdentity(environment: Readonly<Record<string, string>>): JobIdentity | null {
  const jobId = environment['AWS_BATCH_JOB_ID'];
  if (jobId === undefined || jobId === '') return null;
  const attempt = environment['AWS_BATCH_JOB_ATTEMPT'];
  return {
    jobId,
    attempt: attempt !== undefined && /^\d{1,9}$/.test(attempt) ? Number(attempt) : null,
    jobQueue: environment['AWS_BATCH_JQ_NAME'] || null,
    computeEnvironment: environment['AWS_BATCH_CE_NAME'] || null,
  };
}
