import { Injectable } from '@nestjs/common';
import { IsNull, Not } from 'typeorm';
import type { AwsAccess } from '../aws/aws-access.js';
import { Database } from '../database/database.js';
import { awsAccessOf, ComputeEnvironment } from './compute-environment.entity.js';

/** An environment AWS is asked about. */
export interface LinkedEnvironment {
  id: string;
  name: string;
  access: AwsAccess;
  queueArns: string[];
  eventsQueueUrl: string | null;
}

/** What those who follow jobs in AWS need of environments, and what they say of them. */
@Injectable()
export class LinkedEnvironments {
  constructor(private readonly database: Database) {}

  /** In the order they were registered. */
  async list(): Promise<LinkedEnvironment[]> {
    const rows = await this.database
      .repository(ComputeEnvironment)
      .find({ where: { region: Not(IsNull()) }, order: { id: 'ASC' } });
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      access: awsAccessOf(row)!,
      queueArns: row.aws?.jobQueues.map((queue) => queue.arn) ?? [],
      eventsQueueUrl: row.eventsQueueUrl,
    }));
  }

  async noteSynced(ids: readonly string[], at: number): Promise<void> {
    await this.database.manager.query(
      `update compute_environments set job_synced_at = $2, job_sync_failure = null,
              version = version + (job_sync_failure is not null)::integer
        where id = any($1)`,
      [ids, new Date(at)],
    );
  }

  /** True: this had not been said before of all of them. */
  noteFailure(ids: readonly string[], failure: string): Promise<boolean> {
    return this.note('job_sync_failure', ids, failure);
  }

  /** The same of their events; null: these can be read. */
  noteEvents(ids: readonly string[], failure: string | null): Promise<boolean> {
    return this.note('events_failure', ids, failure);
  }

  private async note(column: string, ids: readonly string[], failure: string | null): Promise<boolean> {
    const [, changed]: [unknown, number] = await this.database.manager.query(
      `update compute_environments set ${column} = $2, version = version + 1
        where id = any($1) and ${column} is distinct from $2`,
      [ids, failure],
    );
    return changed > 0;
  }
}
