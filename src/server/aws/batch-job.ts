/** As AWS Batch spells them, in the order a job goes through them. */
export const BATCH_STATUSES = [
  'SUBMITTED',
  'PENDING',
  'RUNNABLE',
  'STARTING',
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
] as const;
export type BatchStatus = (typeof BATCH_STATUSES)[number];
/** A job in one of these has not ended. */
export const OPEN_BATCH_STATUSES = ['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING'] as const;

/** A job in a list of AWS Batch. Times are milliseconds since 1970, null until they come. */
export interface BatchJobSummary {
  jobId: string;
  jobName: string;
  status: BatchStatus;
  statusReason: string | null;
  createdAt: number | null;
  startedAt: number | null;
  stoppedAt: number | null;
  /** ARN, with its revision. */
  jobDefinition: string | null;
  /** Of an array's parent. */
  arraySize: number | null;
  /** Of an array's parent: how many of its children are in which status. */
  childStatuses: Partial<Record<BatchStatus, number>> | null;
}

/** A job as AWS Batch describes it. */
export interface BatchJob extends BatchJobSummary {
  queueArn: string;
  /** Attempts that have ended. */
  endedAttempts: number;
  /** Why the latest of them ended, such as `Host EC2 (instance i-...) terminated.` */
  attemptReason: string | null;
  exitCode: number | null;
  vcpus: number | null;
  memoryMiB: number | null;
  image: string | null;
  command: string[] | null;
  /** Most attempts its retry strategy allows. */
  maxAttempts: number | null;
  /** Of a multi-node parallel job. */
  nodes: number | null;
  /** Of its task, where the job was given as one (`ecsProperties`); empty: the one that `image` and `command` tell of. */
  containers: BatchJobContainer[];
}

export interface BatchJobContainer {
  name: string;
  image: string | null;
}

/** What is read of a job, wherever it comes from: an answer of AWS Batch, or an event, whose `detail` has the same shape. */
export interface RawBatchJob {
  jobId?: string | undefined;
  jobName?: string | undefined;
  jobQueue?: string | undefined;
  jobDefinition?: string | undefined;
  status?: string | undefined;
  statusReason?: string | undefined;
  createdAt?: number | undefined;
  startedAt?: number | undefined;
  stoppedAt?: number | undefined;
  attempts?:
    { statusReason?: string | undefined; container?: { reason?: string | undefined } | undefined }[] | undefined;
  retryStrategy?: { attempts?: number | undefined } | undefined;
  container?: RawContainer | undefined;
  arrayProperties?: RawArray | undefined;
  nodeProperties?: { numNodes?: number | undefined; nodeIndex?: number | undefined } | undefined;
  ecsProperties?:
    { taskProperties?: { containers?: (RawContainer & { name?: string | undefined })[] | undefined }[] | undefined } | undefined; // prettier-ignore
}
interface RawContainer {
  image?: string | undefined;
  command?: string[] | undefined;
  vcpus?: number | undefined;
  memory?: number | undefined;
  exitCode?: number | undefined;
  resourceRequirements?: { type?: string | undefined; value?: string | undefined }[] | undefined;
}
interface RawArray {
  size?: number | undefined;
  statusSummary?: Record<string, number> | undefined;
}

/** null: not a job (a field that every job has is missing). */
export function readBatchSummary(raw: Omit<RawBatchJob, 'attempts'>): BatchJobSummary | null {
  const { jobId, jobName = '', status, arrayProperties } = raw;
  if (jobId === undefined || !isBatchStatus(status)) return null;
  const size = arrayProperties?.size ?? null;
  return {
    jobId,
    jobName,
    status,
    statusReason: raw.statusReason ?? null,
    createdAt: timeOf(raw.createdAt),
    startedAt: timeOf(raw.startedAt),
    stoppedAt: timeOf(raw.stoppedAt),
    jobDefinition: raw.jobDefinition ?? null,
    arraySize: size,
    childStatuses: size === null ? null : countsOf(arrayProperties?.statusSummary),
  };
}

/** null: not a job. */
export function readBatchJob(raw: RawBatchJob): BatchJob | null {
  const summary = readBatchSummary(raw);
  if (summary === null || raw.jobQueue === undefined) return null;
  const task = raw.ecsProperties?.taskProperties?.flatMap((one) => one.containers ?? []) ?? [];
  const main = raw.container ?? (task.length === 1 ? task[0] : undefined);
  const all = task.length > 0 ? task : [raw.container ?? {}];
  const last = raw.attempts?.at(-1);
  return {
    ...summary,
    queueArn: raw.jobQueue,
    endedAttempts: raw.attempts?.length ?? 0,
    attemptReason: last?.statusReason ?? last?.container?.reason ?? null,
    exitCode: main?.exitCode ?? null,
    vcpus: sum(all.map((container) => amount(container, 'VCPU', container.vcpus))),
    memoryMiB: sum(all.map((container) => amount(container, 'MEMORY', container.memory))),
    image: main?.image ?? null,
    command: main?.command ?? null,
    maxAttempts: raw.retryStrategy?.attempts ?? null,
    nodes: raw.nodeProperties?.numNodes ?? null,
    containers: task.map(({ name = '', image = null }) => ({ name, image })),
  };
}

function isBatchStatus(status: string | undefined): status is BatchStatus {
  return (BATCH_STATUSES as readonly (string | undefined)[]).includes(status);
}

/** AWS Batch answers 0 where there is no time yet. */
const timeOf = (ms: number | undefined): number | null => (ms === undefined || ms <= 0 ? null : ms);

function countsOf(summary: Record<string, number> = {}): Partial<Record<BatchStatus, number>> {
  const known = BATCH_STATUSES.map((status) => [status, summary[status] ?? 0] as const);
  return Object.fromEntries(known.filter(([, count]) => count > 0));
}

function amount(container: RawContainer, type: string, older: number | undefined): number | null {
  const required = container.resourceRequirements?.find((requirement) => requirement.type === type)?.value;
  const value = required === undefined ? older : Number(required);
  return value === undefined || !Number.isFinite(value) ? null : value;
}

function sum(values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}
