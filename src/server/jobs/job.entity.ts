import { Check, Column, Entity, ForeignKey, Index, Unique } from 'typeorm';
import type { Failure } from '../../protocol/failure.js';
import type { Policy } from '../../protocol/policy.js';
import { BaseEntity } from '../database/base.entity.js';
import type { BatchJobContainer } from '../aws/batch-job.js';
import { BytesColumn } from '../database/bytes-column.js';
import type { BatchState } from './batch-state.js';

/** As AWS Batch spells them. */
export const JOB_STATUSES = ['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEEDED', 'FAILED'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];
/** Its container exists. */
export const ACTIVE_JOB_STATUSES: JobStatus[] = ['STARTING', 'RUNNING'];

/**
 * An AWS Batch job over all its attempts. What describes a container is that of the newest attempt, worked out anew from all
 * of them (`attempt-merge.ts`) and from AWS Batch's word (`job-state.ts`) with every news.
 */
@Entity('jobs')
@Unique('jobs_job_id_key', ['jobId'])
@Check(
  'jobs_status_check',
  `"status" IN ('SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEEDED', 'FAILED')`,
)
@Check('jobs_protected_check', `NOT ("protected" AND "unprotected_reason" IS NOT NULL)`)
@Index('jobs_job_queue_idx', ['jobQueue', 'id'])
@Index('jobs_status_idx', ['status', 'id'])
@Index('jobs_array_parent_idx', ['arrayParentId', 'id'])
@Index('jobs_job_name_idx', ['jobName', 'id'])
export class Job extends BaseEntity {
  /** AWS Batch's id. */
  @Column({ type: 'text' })
  jobId: string;

  @Column({ type: 'text', nullable: true })
  jobQueue: string | null;

  /** AWS Batch's name of it. */
  @Column({ type: 'text', nullable: true })
  computeEnvironment: string | null;

  @Column({ type: 'text', default: 'STARTING' })
  status: JobStatus;

  @Column({ type: 'text', nullable: true })
  statusReason: string | null;

  @Index('jobs_host_id_idx')
  @ForeignKey('Host', { name: 'jobs_host_id_fkey' })
  @Column({ type: 'text', nullable: true })
  hostId: string | null;

  @Column({ type: 'text', nullable: true })
  containerId: string | null;

  @Column({ type: 'text', nullable: true })
  containerName: string | null;

  @Column({ type: 'text', nullable: true })
  image: string | null;

  @Column({ type: 'jsonb', nullable: true })
  command: string[] | null;

  @Column({ type: 'integer', nullable: true })
  attempt: number | null;

  @Column({ type: 'integer', nullable: true })
  exitCode: number | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  startedAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  stoppedAt: Date | null;

  @Column({ type: 'jsonb', nullable: true })
  policy: Policy | null;

  @Column({ type: 'boolean', default: false })
  protected: boolean;

  @Column({ type: 'jsonb', nullable: true })
  unprotectedReason: Failure | null;

  /** Until when the rest is known to be true: stands still while the host is silent or has reports it could not send. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  lastKnownAt: Date | null;

  @BytesColumn()
  peakResidentBytes: number | null;

  @BytesColumn()
  peakWritableLayerBytes: number | null;

  @BytesColumn()
  peakImageBytes: number | null;

  @Column({ type: 'text', nullable: true })
  jobName: string | null;

  /** `name:revision`. */
  @Column({ type: 'text', nullable: true })
  jobDefinition: string | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  submittedAt: Date | null;

  @Column({ type: 'double precision', nullable: true })
  vcpus: number | null;

  @BytesColumn()
  memoryBytes: number | null;

  /** AWS Batch's id of the array this is a child of. */
  @Column({ type: 'text', nullable: true })
  arrayParentId: string | null;

  @Column({ type: 'integer', nullable: true })
  arrayIndex: number | null;

  /** Children of an array's parent. */
  @Column({ type: 'integer', nullable: true })
  arraySize: number | null;

  @Column({ type: 'integer', nullable: true })
  maxAttempts: number | null;

  /** Of a multi-node parallel job. */
  @Column({ type: 'integer', nullable: true })
  nodeCount: number | null;

  /** Of its task, where it has several. */
  @Column({ type: 'jsonb', nullable: true })
  containers: BatchJobContainer[] | null;

  /** Null: only hosts have told of it. */
  @Column({ type: 'text', nullable: true })
  batchQueueArn: string | null;

  @Column({ type: 'jsonb', nullable: true })
  batchState: BatchState | null;

  /** When AWS Batch is to be asked about it; null: it needs not be. */
  @Index('jobs_batch_due_idx', { where: '"batch_due_at" IS NOT NULL' })
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  batchDueAt: Date | null;

  @Column({ type: 'integer', nullable: true })
  batchIntervalSeconds: number | null;
}
