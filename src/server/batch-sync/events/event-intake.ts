import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { BatchNews } from '../../jobs/batch-news.js';
import type { AwsEvent } from './aws-event.js';
import { InstanceNotices } from './instance-notices.js';

/** Takes in an event once, however often it comes, and in any order. */
@Injectable()
export class EventIntake {
  constructor(
    private readonly database: Database,
    private readonly news: BatchNews,
    private readonly notices: InstanceNotices,
  ) {}

  /** Jobs of other queues than these are nobody's concern here. When it resolves, all of it is committed. */
  async take(event: AwsEvent, queueArns: ReadonlySet<string>): Promise<void> {
    if (event.kind === 'other' || (event.kind === 'job' && !queueArns.has(event.job.queueArn))) return;
    await this.database.transaction(async () => {
      if (!(await this.isNew(event.id))) return;
      if (event.kind === 'job') await this.news.takeEvent(event.job, event.at);
      else await this.notices.take(event.id, event.kind, event.instanceId, event.at);
    });
  }

  private async isNew(id: string): Promise<boolean> {
    const rows: unknown[] = await this.database.manager.query(
      'insert into aws_events_seen (id) values ($1) on conflict do nothing returning id',
      [id],
    );
    return rows.length > 0;
  }
}
