import { Injectable } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import type { AwsAccess } from '../aws/aws-access.js';
import type { BatchJob, BatchStatus } from '../aws/batch-job.js';
import { BatchNews } from '../jobs/batch-news.js';
import { Clock } from './clock.js';
import type { PacedBatch } from './paced-batch.js';

/** Reads what is new of jobs that are known. */
@Injectable()
export class JobReader {
  constructor(
    private readonly news: BatchNews,
    private readonly clock: Clock,
  ) {}

  /** At most a hundred: one call, and for each array whose children changed one for each status they are in. */
  async read(batch: PacedBatch, access: AwsAccess, jobIds: readonly string[]): Promise<void> {
    const at = this.clock.now();
    const described = await batch.describe(access, jobIds);
    const parents = described.filter((job) => job.childStatuses !== null);
    const known = await this.news.childStatusesOf(parents.map((job) => job.jobId));
    for (const parent of parents) {
      if (isDeepStrictEqual(known.get(parent.jobId) ?? null, parent.childStatuses)) continue;
      // Before the counts are kept: whoever is interrupted here reads the children again.
      await this.readChildren(batch, access, parent);
    }
    await this.news.take(described, at);
    const answered = new Set(described.map((job) => job.jobId));
    await this.news.forgotten(jobIds.filter((id) => !answered.has(id)));
  }

  /** A thousand a page. Only those that differ from what is known will be described. */
  private async readChildren(
    batch: PacedBatch,
    access: AwsAccess,
    { jobId, queueArn, childStatuses }: BatchJob,
  ): Promise<void> {
    for (const status of Object.keys(childStatuses!) as BatchStatus[]) {
      const at = this.clock.now();
      for await (const jobs of batch.list(access, { arrayJobId: jobId, status }))
        await this.news.takeList(queueArn, jobs, at);
    }
  }
}
