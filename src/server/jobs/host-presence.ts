import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ChangeNotifier } from '../common/change-notifier.js';
import { Database } from '../database/database.js';
import { HostLiveness } from '../hosts/host-liveness.js';
import { dueNow } from './batch-look.js';
import { ACTIVE_JOB_STATUSES } from './job.entity.js';
import { JobRows } from './job-rows.js';

/** A host's word counts while it is there: jobs are looked at anew when it goes, and when it comes back. */
@Injectable()
export class HostPresence implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
    private readonly rows: JobRows,
    private readonly liveness: HostLiveness,
  ) {}

  onModuleInit(): void {
    this.liveness.onLoss(({ id }) => this.lost(id));
  }

  /** Jobs that AWS Batch was believed about while their host was silent, and whose container runs there after all. */
  async returned(hostId: string): Promise<void> {
    const rows: { id: string }[] = await this.database.manager.query(
      `select job.id from jobs job join job_attempts attempt on attempt.job_id = job.id and attempt.container_id = job.container_id
        where job.host_id = $1 and job.status <> all($2) and attempt.status in ('created', 'running')`,
      [hostId, ACTIVE_JOB_STATUSES],
    );
    await this.reconsider(rows.map((row) => row.id));
  }

  private async lost(hostId: string): Promise<void> {
    const rows: { id: string }[] = await this.database.manager.query(
      'select id from jobs where host_id = $1 and status = any($2)',
      [hostId, ACTIVE_JOB_STATUSES],
    );
    await this.reconsider(rows.map((row) => row.id));
  }

  private async reconsider(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.database.transaction(async () => {
      const known = await this.rows.lock(ids);
      const told = await this.rows.write(known.map((one) => ({ ...one, changes: dueNow(one.job) })));
      await this.notifier.notifyAll(
        'job',
        told.map((job) => job.id),
      );
    });
  }
}
