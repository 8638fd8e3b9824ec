import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** How far a queue was read. Times are milliseconds since 1970. */
export interface QueueState {
  arn: string;
  intervalSeconds: number;
  /** When the newest job known was created, by AWS's clock; null: the queue was never read. */
  newestCreatedAt: number | null;
}

/** Where the sync stands, shared by all replicas. */
@Injectable()
export class SyncState {
  constructor(private readonly database: Database) {}

  /** Of these queues those due, the longest first. A queue never heard of is due. */
  async dueQueues(arns: readonly string[], now: number, limit: number): Promise<QueueState[]> {
    const rows: { arn: string; interval_seconds: number | null; newest_created_at: Date | null }[] =
      await this.database.manager.query(
        `select wanted.arn, queue.interval_seconds, queue.newest_created_at
           from unnest($1::text[]) as wanted (arn) left join batch_queues queue using (arn)
          where queue.arn is null or queue.due_at <= $2 order by queue.due_at nulls first, wanted.arn limit $3`,
        [arns, new Date(now), limit],
      );
    return rows.map((row) => ({
      arn: row.arn,
      intervalSeconds: row.interval_seconds ?? 0,
      newestCreatedAt: row.newest_created_at?.getTime() ?? null,
    }));
  }

  async saveQueue({ arn, intervalSeconds, newestCreatedAt }: QueueState, dueAt: number): Promise<void> {
    await this.database.manager.query(
      `insert into batch_queues (arn, due_at, interval_seconds, newest_created_at) values ($1, $2, $3, $4)
       on conflict (arn) do update set due_at = excluded.due_at, interval_seconds = excluded.interval_seconds,
         newest_created_at = excluded.newest_created_at`,
      [arn, new Date(dueAt), intervalSeconds, newestCreatedAt === null ? null : new Date(newestCreatedAt)],
    );
  }

  /** Queues that could not be read: not before then, whatever was planned. */
  async postpone(arns: readonly string[], until: number): Promise<void> {
    await this.database.manager.query(
      `insert into batch_queues (arn, due_at, interval_seconds) select arn, $2, 0 from unnest($1::text[]) as failed (arn)
       on conflict (arn) do update set due_at = greatest(batch_queues.due_at, excluded.due_at)`,
      [arns, new Date(until)],
    );
  }

  /** True: nobody else may sync the scope for so long. Whoever holds it already holds it for longer. */
  async acquire(scope: string, holder: string, seconds: number): Promise<boolean> {
    const rows: unknown[] = await this.database.manager.query(
      `insert into batch_sync_leases (scope, holder, expires_at) values ($1, $2, now() + make_interval(secs => $3))
       on conflict (scope) do update set holder = excluded.holder, expires_at = excluded.expires_at
         where batch_sync_leases.holder = excluded.holder or batch_sync_leases.expires_at < now()
       returning scope`,
      [scope, holder, seconds],
    );
    return rows.length > 0;
  }

  async release(scope: string, holder: string): Promise<void> {
    await this.database.manager.query('delete from batch_sync_leases where scope = $1 and holder = $2', [
      scope,
      holder,
    ]);
  }
}
