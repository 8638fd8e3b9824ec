/** What AWS Batch says of a job in its container's environment. */
export interface JobIdentity {
  /** `AWS_BATCH_JOB_ID`: of an array child `<id>:<index>`. */
  jobId: string;
  /** 1 for the first; null when Batch (or its stand-in) does not say. */
  attempt: number | null;
  jobQueue: string | null;
  computeEnvironment: string | null;
}

/** Of a multi-node parallel job's node: how many there are (AWS Batch user guide, "Multi-node parallel jobs"). null: not one. */
export function nodesOfJob(environment: Readonly<Record<string, string>>): number | null {
  const nodes = environment['AWS_BATCH_JOB_NUM_NODES'];
  if (nodes === undefined && environment['AWS_BATCH_JOB_MAIN_NODE_INDEX'] === undefined) return null;
  return /^\d{1,6}$/.test(nodes ?? '') ? Number(nodes) : 0;
}

/** The ECS task a container is of, and its name in there, by the labels ECS's agent gives it. null: started by something else. */
export function taskOf(
  labels: Readonly<Record<string, string>> | undefined,
): { arn: string; container: string } | null {
  const arn = labels?.['com.amazonaws.ecs.task-arn'];
  if (arn === undefined || arn === '') return null;
  return { arn, container: labels?.['com.amazonaws.ecs.container-name'] ?? '' };
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
