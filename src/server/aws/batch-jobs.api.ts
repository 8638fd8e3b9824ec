import { Injectable } from '@nestjs/common';
import { BatchClient, DescribeJobsCommand, ListJobsCommand, type ListJobsRequest } from '@aws-sdk/client-batch';
import type { AwsAccess } from './aws-access.js';
import { callAws } from './aws-call.js';
import { AwsClients } from './aws-clients.js';
import {
  type BatchJob,
  type BatchJobSummary,
  type BatchStatus,
  type RawBatchJob,
  readBatchJob,
  readBatchSummary,
} from './batch-job.js';

/** Which jobs: a queue's in one status, a queue's of any status created after a time (milliseconds; no array children), or an array's children. */
export type BatchJobList =
  | { queueArn: string; status: BatchStatus }
  | { queueArn: string; createdAfter: number }
  | { arrayJobId: string; status: BatchStatus };

export interface BatchJobPage {
  jobs: BatchJobSummary[];
  /** null: that was the last one. */
  next: string | null;
}

/** DescribeJobs takes no more (AWS Batch API reference). */
export const DESCRIBE_LIMIT = 100;
/** ListJobs gives no more a page by status, and no more by filter (AWS Batch API reference). */
const STATUS_PAGE = 1000;
const FILTER_PAGE = 100;

/** The jobs of AWS Batch. Each method is one call, so that callers can count and pace them. */
@Injectable()
export class BatchJobsApi {
  constructor(private readonly clients: AwsClients) {}

  /** One page, newest first. */
  async listJobs(access: AwsAccess, list: BatchJobList, token: string | null): Promise<BatchJobPage> {
    const client = this.clients.get(BatchClient, access);
    const request: ListJobsRequest = { ...requestOf(list), ...(token === null ? {} : { nextToken: token }) };
    const answer = await callAws('batch:ListJobs', () => client.send(new ListJobsCommand(request)));
    const jobs = (answer.jobSummaryList ?? []).map(readBatchSummary).filter((job) => job !== null);
    return { jobs, next: answer.nextToken ?? null };
  }

  /** At most {@link DESCRIBE_LIMIT}. Jobs AWS Batch no longer knows are left out of the answer. */
  async describeJobs(access: AwsAccess, jobIds: readonly string[]): Promise<BatchJob[]> {
    const client = this.clients.get(BatchClient, access);
    const command = new DescribeJobsCommand({ jobs: [...jobIds] });
    const answer = await callAws('batch:DescribeJobs', () => client.send(command));
    return (answer.jobs ?? []).map((job) => readBatchJob(job as RawBatchJob)).filter((job) => job !== null);
  }
}

function requestOf(list: BatchJobList): ListJobsRequest {
  if ('arrayJobId' in list) return { arrayJobId: list.arrayJobId, jobStatus: list.status, maxResults: STATUS_PAGE };
  if ('status' in list) return { jobQueue: list.queueArn, jobStatus: list.status, maxResults: STATUS_PAGE };
  return {
    jobQueue: list.queueArn,
    filters: [{ name: 'AFTER_CREATED_AT', values: [String(list.createdAfter)] }],
    maxResults: FILTER_PAGE,
  };
}
