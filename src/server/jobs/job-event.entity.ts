import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { JOB_EVENT_TYPES, type JobEventType } from '../../protocol/agent-api.js';
import type { Failure } from '../../protocol/failure.js';

/** A line in a job's history. Written once, never changed. */
@Entity('job_events')
@Unique('job_events_source_key_key', ['sourceKey'])
@Check('job_events_type_check', `"type" IN (${JOB_EVENT_TYPES.map((type) => `'${type}'`).join(', ')})`)
@Index('job_events_job_id_idx', ['jobId', 'happenedAt', 'id'])
export class JobEvent {
  @PrimaryColumn({ type: 'text' })
  id: string;

  /** Our id of the job. */
  @ForeignKey('Job', { name: 'job_events_job_id_fkey' })
  @Column({ type: 'text' })
  jobId: string;

  /** By the host's clock. */
  @Column({ type: 'timestamptz', precision: 3 })
  happenedAt: Date;

  @Index('job_events_created_at_idx')
  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  createdAt: Date;

  @Column({ type: 'text' })
  type: JobEventType;

  @Column({ type: 'text' })
  message: string;

  @Column({ type: 'jsonb', nullable: true })
  failure: Failure | null;

  @ForeignKey('Host', { name: 'job_events_host_id_fkey' })
  @Column({ type: 'text', nullable: true })
  hostId: string | null;

  @Column({ type: 'text', nullable: true })
  containerId: string | null;

  @Column({ type: 'text', nullable: true })
  checkpointId: string | null;

  @Column({ type: 'text', nullable: true })
  restoreId: string | null;

  /** What it tells of, such as `ckpt_...:committed`: told twice, it is written once. */
  @Column({ type: 'text' })
  sourceKey: string;
}
