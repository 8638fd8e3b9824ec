import { Check, Column, Entity, ForeignKey, Index, Unique } from 'typeorm';
import type { PolicyOverride } from '../../protocol/policy.js';
import type { AwsAccess } from '../aws/aws-access.js';
import { BaseEntity } from '../database/base.entity.js';
import type { AwsEnvironment } from './aws-environment.js';

@Entity('compute_environments')
@Unique('compute_environments_name_key', ['name'])
@Check('compute_environments_access_check', `"region" IS NOT NULL OR ("role_arn" IS NULL AND "external_id" IS NULL)`)
export class ComputeEnvironment extends BaseEntity {
  /** AWS Batch's own name of it, by which jobs say where they run. Never changes, as it never does there. */
  @Column({ type: 'text' })
  name: string;

  @Index('compute_environments_storage_id_idx')
  @ForeignKey('Storage', { name: 'compute_environments_storage_id_fkey' })
  @Column({ type: 'text', nullable: true })
  storageId: string | null;

  @Column({ type: 'jsonb', default: [] })
  instanceTypes: string[];

  /** Only what differs from the system policy. */
  @Column({ type: 'jsonb', default: {} })
  policy: PolicyOverride;

  @Column({ type: 'jsonb', default: {} })
  labels: Record<string, string>;

  /** Where AWS Batch has it; null: known here by its name only, and AWS is not asked. */
  @Column({ type: 'text', nullable: true })
  region: string | null;

  /** A role of its account that the server assumes; null: the server's own credentials. */
  @Column({ type: 'text', nullable: true })
  roleArn: string | null;

  @Column({ type: 'text', nullable: true })
  externalId: string | null;

  /** What AWS said of it at the last look that succeeded. */
  @Column({ type: 'jsonb', nullable: true })
  aws: AwsEnvironment | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  syncedAt: Date | null;

  /** Why the last look did not succeed; null when it did. */
  @Column({ type: 'text', nullable: true })
  syncFailure: string | null;

  /** SQS queue, in the same region, that gets AWS's events of jobs and instances. */
  @Column({ type: 'text', nullable: true })
  eventsQueueUrl: string | null;

  /** When the jobs of all its queues were last known to be as AWS Batch has them. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  jobSyncedAt: Date | null;

  /** Why its jobs could not be read lately; null when they could. */
  @Column({ type: 'text', nullable: true })
  jobSyncFailure: string | null;

  /** The same of its events. */
  @Column({ type: 'text', nullable: true })
  eventsFailure: string | null;
}

/** How AWS is asked about it; null when it is not. */
export function awsAccessOf({
  region,
  roleArn,
  externalId,
}: Pick<ComputeEnvironment, 'region' | 'roleArn' | 'externalId'>): AwsAccess | null {
  return region === null ? null : { region, roleArn, externalId };
}
