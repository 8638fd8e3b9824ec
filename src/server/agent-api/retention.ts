import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { BackgroundTasks } from '../background/background-tasks.js';
import { Database } from '../database/database.js';

/**
 * What grows with every heartbeat of the system and nobody asks for later. An agent keeps a report until it was taken, which
 * takes seconds when the server is up; a month covers the longest outage.
 */
const RULES: [what: string, sql: string][] = [
  ['reports seen', `delete from agent_reports where received_at < now() - interval '30 days'`],
  // SQS keeps a message for at most 14 days.
  ['events seen', `delete from aws_events_seen where received_at < now() - interval '30 days'`],
  ['commands', `delete from commands where finished_at < now() - interval '30 days'`],
  ['operations', `delete from operations where finished_at < now() - interval '90 days'`],
  ['job events', `delete from job_events where created_at < now() - interval '180 days'`],
];

/** Deletes old rows, nightly. */
@Injectable()
export class Retention implements OnModuleInit {
  private readonly logger = new Logger('Retention');

  constructor(
    private readonly tasks: BackgroundTasks,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.tasks.register({ name: 'purge-old-rows', cron: '23 3 * * *', run: () => this.purge() });
  }

  async purge(): Promise<void> {
    for (const [what, sql] of RULES) {
      const [, count]: [unknown, number] = await this.database.manager.query(sql);
      if (count > 0) this.logger.log(`purged ${count} ${what}`);
    }
  }
}
