import type { AwsAccess } from '../aws/aws-access.js';
import { AwsError } from '../aws/aws-error.js';
import type { BatchJobsApi, BatchJobList } from '../aws/batch-jobs.api.js';
import type { BatchJob, BatchJobSummary } from '../aws/batch-job.js';
import type { CallBudget } from './call-budget.js';

/** AWS Batch at the pace of a budget. A call that AWS limits is made again, after the budget's pause, this often. */
const ATTEMPTS = 4;

export class PacedBatch {
  constructor(
    private readonly api: BatchJobsApi,
    private readonly budget: CallBudget,
    private readonly signal: AbortSignal,
  ) {}

  /** Page by page, so that what was read is kept when a later page fails. */
  async *list(access: AwsAccess, list: BatchJobList): AsyncGenerator<BatchJobSummary[]> {
    let token: string | null = null;
    do {
      const page = await this.call(() => this.api.listJobs(access, list, token));
      yield page.jobs;
      token = page.next;
    } while (token !== null);
  }

  describe(access: AwsAccess, jobIds: readonly string[]): Promise<BatchJob[]> {
    return this.call(() => this.api.describeJobs(access, jobIds));
  }

  private async call<T>(make: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      await this.budget.take(this.signal);
      try {
        const answer = await make();
        this.budget.succeeded();
        return answer;
      } catch (error) {
        if (!(error instanceof AwsError) || error.code !== 'aws-throttled') throw error;
        this.budget.throttled();
        if (attempt === ATTEMPTS) throw error;
      }
    }
  }
}
