import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { ContainerReport } from '../../protocol/agent-api.js';
import type { Failure } from '../../protocol/failure.js';
import type { Policy } from '../../protocol/policy.js';
import { BytesColumn } from '../database/bytes-column.js';

export type ContainerStatus = ContainerReport['status'];

/** One container of a job. */
@Entity('job_attempts')
@Check('job_attempts_status_check', `"status" IN ('created', 'running', 'exited', 'lost')`)
export class JobAttempt {
  /** Our id of the job. */
  @ForeignKey('Job', { name: 'job_attempts_job_id_fkey' })
  @PrimaryColumn({ type: 'text' })
  jobId: string;

  @PrimaryColumn({ type: 'text' })
  containerId: string;

  @Index('job_attempts_host_id_idx')
  @ForeignKey('Host', { name: 'job_attempts_host_id_fkey' })
  @Column({ type: 'text' })
  hostId: string;

  /** AWS Batch's number, from 1; null where it sets none. */
  @Column({ type: 'integer', nullable: true })
  attempt: number | null;

  @Column({ type: 'text' })
  status: ContainerStatus;

  @Column({ type: 'text' })
  containerName: string;

  @Column({ type: 'text' })
  image: string;

  /** Unpacked; null: the agent did not say. */
  @BytesColumn()
  imageBytes: number | null;

  @Column({ type: 'jsonb' })
  command: string[];

  @Column({ type: 'integer', nullable: true })
  exitCode: number | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  startedAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  stoppedAt: Date | null;

  @Column({ type: 'jsonb' })
  policy: Policy;

  @Column({ type: 'boolean' })
  protected: boolean;

  @Column({ type: 'jsonb', nullable: true })
  unprotectedReason: Failure | null;

  /** When the report was made that the fields above come from. */
  @Column({ type: 'timestamptz', precision: 3 })
  reportedAt: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  firstReportedAt: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  lastReportedAt: Date;
}
