import { Check, Column, Entity, Index } from 'typeorm';
import { BaseEntity } from '../database/base.entity.js';
import type { PreflightRequest } from './preflight-request.js';
import type { PreflightSection } from './preflight-section.js';
import type { PreflightStatus, PreflightVerdict } from './preflight-status.js';

/** One look at everything, and its report. Its operation moves with it, in the same transactions. */
@Entity('preflights')
@Check('preflights_status_check', `"status" IN ('pending', 'running', 'finished', 'cancelled')`)
@Check('preflights_verdict_check', `("status" = 'finished') = ("verdict" IS NOT NULL)`)
@Check('preflights_finished_check', `("status" IN ('finished', 'cancelled')) = ("finished_at" IS NOT NULL)`)
@Index('preflights_one_open_idx', ['scope'], { unique: true, where: `"status" IN ('pending', 'running')` })
export class Preflight extends BaseEntity {
  @Column({ type: 'text' })
  operationId: string;

  /** Id of the environment it is about, or `all`. */
  @Column({ type: 'text' })
  scope: string;

  @Column({ type: 'jsonb' })
  request: PreflightRequest;

  @Column({ type: 'text', default: 'pending' })
  status: PreflightStatus;

  @Column({ type: 'integer', default: 0 })
  environmentsTotal: number;

  @Column({ type: 'integer', default: 0 })
  environmentsDone: number;

  @Column({ type: 'text', nullable: true })
  verdict: PreflightVerdict | null;

  /** Empty until it has finished. */
  @Column({ type: 'jsonb', default: [] })
  sections: PreflightSection[];

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  startedAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  finishedAt: Date | null;
}
