import { Check, Column, Entity, Index } from 'typeorm';
import type { OperationStatus } from '../../protocol/checkpoint-state.js';
import type { Failure } from '../../protocol/failure.js';
import { BaseEntity } from '../database/base.entity.js';
import type { OperationResource, OperationType } from './operation-type.js';

/** A long-running request and its outcome. At most one of a type is open on a resource. */
@Entity('operations')
@Check('operations_status_check', `"status" IN ('pending', 'running', 'succeeded', 'failed', 'cancelled')`)
@Check('operations_failure_check', `("status" = 'failed') = ("failure" IS NOT NULL)`)
@Check('operations_finished_check', `("status" IN ('succeeded', 'failed', 'cancelled')) = ("finished_at" IS NOT NULL)`)
@Index('operations_one_open_idx', ['type', 'resourceId'], { unique: true, where: `"status" IN ('pending', 'running')` })
export class Operation extends BaseEntity {
  @Column({ type: 'text' })
  type: OperationType;

  @Column({ type: 'text', default: 'pending' })
  status: OperationStatus;

  @Column({ type: 'text' })
  resourceType: OperationResource;

  @Index('operations_resource_id_idx')
  @Column({ type: 'text' })
  resourceId: string;

  @Column({ type: 'jsonb', nullable: true })
  failure: Failure | null;

  /** What the work found out, by type; null when the resource itself tells. */
  @Column({ type: 'jsonb', nullable: true })
  result: Record<string, unknown> | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  startedAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  finishedAt: Date | null;
}
