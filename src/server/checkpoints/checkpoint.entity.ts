import { Check, Column, Entity, ForeignKey, Index } from 'typeorm';
import type { CheckpointImage } from '../../protocol/agent-api.js';
import type { CheckpointStatus, CheckpointTrigger } from '../../protocol/checkpoint-state.js';
import type { Failure } from '../../protocol/failure.js';
import type { HostFacts } from '../../protocol/host-facts.js';
import type { Labels } from '../common/labels.js';
import { BaseEntity } from '../database/base.entity.js';
import { BytesColumn } from '../database/bytes-column.js';

/** One image of a job's container. At most one asked for by hand is under way for a job. */
@Entity('checkpoints')
@Check('checkpoints_trigger_check', `"trigger" IN ('manual', 'periodic', 'spot-notice')`)
@Check('checkpoints_status_check', `"status" IN ('pending', 'running', 'committed', 'failed', 'deleted')`)
@Check(
  'checkpoints_image_check',
  `"status" <> 'committed' OR ("image" IS NOT NULL AND "sequence" IS NOT NULL
      AND "total_bytes" IS NOT NULL AND "host_facts" IS NOT NULL AND "finished_at" IS NOT NULL)`,
)
@Check('checkpoints_failure_check', `"status" <> 'failed' OR ("failure" IS NOT NULL AND "finished_at" IS NOT NULL)`)
@Check('checkpoints_deleted_check', `("status" = 'deleted') = ("deleted_at" IS NOT NULL)`)
@Index('checkpoints_job_id_idx', ['jobId', 'id'])
@Index('checkpoints_host_id_idx', ['hostId', 'id'])
@Index('checkpoints_status_idx', ['status', 'id'])
@Index('checkpoints_one_manual_idx', ['jobId'], {
  unique: true,
  where: `"trigger" = 'manual' AND "status" IN ('pending', 'running')`,
})
export class Checkpoint extends BaseEntity {
  /** Our id of the job. */
  @ForeignKey('Job', { name: 'checkpoints_job_id_fkey' })
  @Column({ type: 'text' })
  jobId: string;

  @ForeignKey('Host', { name: 'checkpoints_host_id_fkey' })
  @Column({ type: 'text' })
  hostId: string;

  @Column({ type: 'text', nullable: true })
  containerId: string | null;

  /** The request it came from; null for those the agent takes of itself. */
  @ForeignKey('Operation', { name: 'checkpoints_operation_id_fkey', onDelete: 'SET NULL' })
  @Column({ type: 'text', nullable: true })
  operationId: string | null;

  @Column({ type: 'text' })
  trigger: CheckpointTrigger;

  @Column({ type: 'text', default: 'pending' })
  status: CheckpointStatus;

  /** While running: the agent's step. */
  @Column({ type: 'text', nullable: true })
  step: string | null;

  @Column({ type: 'jsonb', nullable: true })
  failure: Failure | null;

  @Column({ type: 'boolean', default: false })
  pinned: boolean;

  @Column({ type: 'jsonb', default: {} })
  labels: Labels;

  @Column({ type: 'text', nullable: true })
  storageId: string | null;

  @Column({ type: 'jsonb', nullable: true })
  image: CheckpointImage | null;

  @Column({ type: 'integer', nullable: true })
  sequence: number | null;

  @BytesColumn()
  totalBytes: number | null;

  /** The host as it was when the image was taken: what decides where the image can go. */
  @Column({ type: 'jsonb', nullable: true })
  hostFacts: HostFacts | null;

  /** When the report was made that `step` comes from. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  reportedAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  startedAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  finishedAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  deletedAt: Date | null;

  /** When the whole image was last read back, and what was wrong with it. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  verifiedAt: Date | null;

  @Column({ type: 'jsonb', nullable: true })
  verificationFailure: Failure | null;
}
