import { Injectable } from '@nestjs/common';
import { OPEN_BATCH_STATUSES } from '../aws/batch-job.js';
import type { BatchJobList } from '../aws/batch-jobs.api.js';
import { BatchNews } from '../jobs/batch-news.js';
import { Clock } from './clock.js';
import type { PacedBatch } from './paced-batch.js';
import type { ScopeQueue } from './scopes.js';
import { type QueueState, SyncState } from './sync-state.js';

/** A queue that brought new jobs is read again after so long, and each time it brought none after twice as long. */
const FIRST_READ_SECONDS = 30;
const LAST_READ_SECONDS = 300;
/** A list may show a job a little later than a younger one. While the newest is fresh, so much is read twice. */
const OVERLAP_MS = 60_000;
const FRESH_MS = 5 * 60_000;
/** How far AWS's clock may be behind ours. */
const CLOCK_ERROR_MS = 10 * 60_000;

/** Finds jobs that were not known. */
@Injectable()
export class QueueReader {
  constructor(
    private readonly news: BatchNews,
    private readonly state: SyncState,
    private readonly clock: Clock,
  ) {}

  /**
   * The first time the jobs that have not ended, a list a status (5 calls and one for each thousand more in a status). From then on
   * those created since, of whatever status (one call for each hundred).
   */
  async read(batch: PacedBatch, { arn, access }: ScopeQueue, before: QueueState): Promise<void> {
    const at = this.clock.now();
    let newest = before.newestCreatedAt ?? at - CLOCK_ERROR_MS;
    let found = 0;
    for (const list of listsOf(arn, before.newestCreatedAt, at)) {
      for await (const jobs of batch.list(access, list)) {
        found += await this.news.takeList(arn, jobs, at);
        newest = Math.max(newest, ...jobs.map((job) => job.createdAt ?? 0));
      }
    }
    const seconds =
      found > 0 || before.newestCreatedAt === null
        ? FIRST_READ_SECONDS
        : Math.min(Math.max(before.intervalSeconds, FIRST_READ_SECONDS / 2) * 2, LAST_READ_SECONDS);
    await this.state.saveQueue({ arn, intervalSeconds: seconds, newestCreatedAt: newest }, at + seconds * 1000);
  }
}

function listsOf(queueArn: string, newest: number | null, now: number): BatchJobList[] {
  if (newest === null) return OPEN_BATCH_STATUSES.map((status) => ({ queueArn, status }));
  return [{ queueArn, createdAfter: now - newest < FRESH_MS ? newest - OVERLAP_MS : newest }];
}
