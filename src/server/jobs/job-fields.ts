import type { Failure } from '../../protocol/failure.js';
import type { BatchJob } from '../aws/batch-job.js';
import { currentAttempt, jobFields } from './attempt-merge.js';
import { batchStateOf, laterBatchState } from './batch-state.js';
import { jobState } from './job-state.js';
import type { Job } from './job.entity.js';
import type { JobAttempt } from './job-attempt.entity.js';

const MIB = 1024 ** 2;

/** What AWS Batch tells of a job, to be kept with its row. `at`: as of when, milliseconds since 1970. */
export function batchFields(known: Job, job: BatchJob, at: number): Partial<Job> {
  const told = batchStateOf(job, at);
  const child = /^(.+):(\d+)$/.exec(job.jobId);
  return {
    batchState: known.batchState === null ? told : laterBatchState(known.batchState, told),
    batchQueueArn: job.queueArn,
    jobQueue: job.queueArn.slice(job.queueArn.lastIndexOf('/') + 1),
    jobName: job.jobName,
    jobDefinition: job.jobDefinition === null ? known.jobDefinition : afterSlash(job.jobDefinition),
    submittedAt: job.createdAt === null ? known.submittedAt : new Date(job.createdAt),
    vcpus: job.vcpus ?? known.vcpus,
    memoryBytes: job.memoryMiB === null ? known.memoryBytes : job.memoryMiB * MIB,
    image: known.image ?? job.image,
    command: known.command ?? job.command,
    arrayParentId: child?.[1] ?? null,
    arrayIndex: child === null ? null : Number(child[2]),
    arraySize: job.arraySize ?? known.arraySize,
    maxAttempts: job.maxAttempts ?? known.maxAttempts,
    nodeCount: job.nodes ?? known.nodeCount,
    containers: job.containers.length > 1 ? job.containers : known.containers,
  };
}

/** What is shown of a job, of all that hosts reported and AWS Batch told. Which of it came first makes no difference. */
export function shownFields(job: Job, attempts: readonly JobAttempt[], hostIsThere: boolean): Partial<Job> {
  const newest = currentAttempt(attempts);
  const unprotected = jobObstacle(job);
  const state = jobState(newest, job.batchState, hostIsThere);
  return {
    ...(newest === undefined ? {} : jobFields(newest)),
    ...state,
    ...(unprotected === null ? {} : { protected: false, unprotectedReason: unprotected }),
  };
}

/** Why no container of such a job may be checkpointed, whatever its host says. */
function jobObstacle({ nodeCount, containers }: Job): Failure | null {
  if (nodeCount !== null) {
    return {
      code: 'multi-node-job',
      message: `the job is a multi-node parallel job of ${nodeCount} nodes: one node alone cannot go back in time`,
      remedy: 'run it as an array, or as single-node jobs',
    };
  }
  if (containers === null) return null;
  return {
    code: 'several-containers',
    message: `the job's task has ${containers.length} containers (${containers.map(({ name }) => name).join(', ')}), which share one job id`,
    remedy: 'run its programs in one container, or as jobs of their own',
  };
}

function afterSlash(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}
