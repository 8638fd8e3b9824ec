import { isDeepStrictEqual } from 'node:util';
import { Injectable, Logger } from '@nestjs/common';
import { AwsError } from '../aws/aws-error.js';
import { Database } from '../database/database.js';
import type { AwsEnvironment } from './aws-environment.js';
import { awsAccessOf, ComputeEnvironment } from './compute-environment.entity.js';
import { EnvironmentReader } from './environment-reader.js';
import { UnsuitableEnvironmentError } from './unsuitable-environment.error.js';

/** What a look at AWS came to. */
export type SyncOutcome =
  | { status: 'synced'; changed: string[] }
  | { status: 'failed'; failure: string }
  /** It was unregistered, is no longer linked to AWS, or is now looked for elsewhere. */
  | { status: 'superseded' };

/** Keeps what is known of an environment in step with AWS. A look that fails leaves the facts of the last one, and says why it failed. */
@Injectable()
export class EnvironmentSyncService {
  private readonly logger = new Logger('ComputeEnvironments');

  constructor(
    private readonly database: Database,
    private readonly reader: EnvironmentReader,
  ) {}

  /** Ids of those AWS is asked about. */
  async linkedIds(): Promise<string[]> {
    const rows: { id: string }[] = await this.database.manager.query(
      'select id from compute_environments where region is not null order by id',
    );
    return rows.map(({ id }) => id);
  }

  /** Call it outside a transaction: AWS may take its time. */
  async sync(id: string): Promise<SyncOutcome> {
    const environment = await this.database.repository(ComputeEnvironment).findOneBy({ id });
    const access = environment && awsAccessOf(environment);
    if (environment === null || access === null) return { status: 'superseded' };
    try {
      const aws = await this.reader.read(access, environment.aws?.arn ?? environment.name);
      return await this.keep(environment, aws);
    } catch (error) {
      if (!(error instanceof AwsError || error instanceof UnsuitableEnvironmentError)) throw error;
      return await this.keepFailure(environment, error.message);
    }
  }

  private async keep(before: ComputeEnvironment, aws: AwsEnvironment): Promise<SyncOutcome> {
    const changed = changesOf(before.aws, aws);
    const isNews = changed.length > 0 || before.syncFailure !== null;
    const kept = await this.write(
      before,
      `aws = $5::jsonb, instance_types = $6::jsonb, synced_at = now(), sync_failure = null${isNews ? NEWS : ''}`,
      [JSON.stringify(aws), JSON.stringify(aws.instanceTypes)],
    );
    if (!kept) return { status: 'superseded' };
    const { id: computeEnvironmentId, name } = before;
    if (before.syncFailure !== null)
      this.logger.log({ computeEnvironmentId, name, msg: 'the compute environment is read from AWS again' });
    if (changed.length > 0)
      this.logger.log({ computeEnvironmentId, name, changed, msg: 'the compute environment has changed in AWS' });
    return { status: 'synced', changed };
  }

  private async keepFailure(before: ComputeEnvironment, failure: string): Promise<SyncOutcome> {
    const kept = await this.write(before, `sync_failure = $5${before.syncFailure === failure ? '' : NEWS}`, [failure]);
    if (!kept) return { status: 'superseded' };
    // Once, not every five minutes until somebody mends it.
    if (before.syncFailure === null) {
      const { id: computeEnvironmentId, name, syncedAt } = before;
      this.logger.warn({
        computeEnvironmentId,
        name,
        lastReadAt: syncedAt,
        failure,
        msg: 'the compute environment cannot be read from AWS',
      });
    }
    return { status: 'failed', failure };
  }

  /** Only if AWS is still to be asked in the way it was. */
  private async write(before: ComputeEnvironment, assignments: string, values: unknown[]): Promise<boolean> {
    const { id, region, roleArn, externalId } = before;
    const [, count]: [unknown, number] = await this.database.manager.query(
      `update compute_environments set ${assignments}
        where id = $1 and region = $2 and role_arn is not distinct from $3 and external_id is not distinct from $4`,
      [id, region, roleArn, externalId, ...values],
    );
    return count > 0;
  }
}

/** Time passing is no news, so the ETag stays; anything else is. */
const NEWS = ', version = version + 1, updated_at = now()';

/** Names of the facts that differ. */
function changesOf(before: AwsEnvironment | null, now: AwsEnvironment): string[] {
  if (before === null) return Object.keys(now);
  return Object.keys(now).filter((fact) => {
    const key = fact as keyof AwsEnvironment;
    return !isDeepStrictEqual(before[key], now[key]);
  });
}
