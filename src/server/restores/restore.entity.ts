import { Check, Column, Entity, ForeignKey, Index } from 'typeorm';
import type { RestoreStatus } from '../../protocol/checkpoint-state.js';
import type { Failure } from '../../protocol/failure.js';
import { BaseEntity } from '../database/base.entity.js';

/** `automatic`: the runtime found an image when the job's container was created. `manual`: asked for here. */
export const RESTORE_TRIGGERS = ['manual', 'automatic'] as const;
export type RestoreTrigger = (typeof RESTORE_TRIGGERS)[number];

/** One try to continue a job from a checkpoint. At most one asked for by hand is under way for a job. */
@Entity('restores')
@Check('restores_trigger_check', `"trigger" IN ('manual', 'automatic')`)
@Check('restores_status_check', `"status" IN ('pending', 'running', 'succeeded', 'failed')`)
@Check('restores_failure_check', `("status" = 'failed') = ("failure" IS NOT NULL)`)
@Check('restores_finished_check', `("status" IN ('succeeded', 'failed')) = ("finished_at" IS NOT NULL)`)
@Index('restores_job_id_idx', ['jobId', 'id'])
@Index('restores_one_manual_idx', ['jobId'], {
  unique: true,
  where: `"trigger" = 'manual' AND "status" IN ('pending', 'running')`,
})
export class Restore extends BaseEntity {
  /** Our id of the job. */
  @ForeignKey('Job', { name: 'restores_job_id_fkey' })
  @Column({ type: 'text' })
  jobId: string;

  /**
   * Not a foreign key: a host that died before its reports arrived leaves images the server never heard of, and another host
   * may restore them.
   */
  @Index('restores_checkpoint_id_idx')
  @Column({ type: 'text' })
  checkpointId: string;

  @ForeignKey('Host', { name: 'restores_host_id_fkey' })
  @Column({ type: 'text' })
  hostId: string;

  @Column({ type: 'text', nullable: true })
  containerId: string | null;

  @ForeignKey('Operation', { name: 'restores_operation_id_fkey', onDelete: 'SET NULL' })
  @Column({ type: 'text', nullable: true })
  operationId: string | null;

  @Column({ type: 'text' })
  trigger: RestoreTrigger;

  @Column({ type: 'text', default: 'pending' })
  status: RestoreStatus;

  @Column({ type: 'text', nullable: true })
  step: string | null;

  @Column({ type: 'jsonb', nullable: true })
  failure: Failure | null;

  @Column({ type: 'double precision', nullable: true })
  restoreSeconds: number | null;

  @Column({ type: 'double precision', nullable: true })
  verifySeconds: number | null;

  /** When the report was made that `step` comes from. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  reportedAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  startedAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  finishedAt: Date | null;
}
