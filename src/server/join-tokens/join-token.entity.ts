import { Check, Column, Entity, ForeignKey, Index } from 'typeorm';
import { BaseEntity } from '../database/base.entity.js';

@Entity('join_tokens')
@Check('join_tokens_uses', `uses >= 0 and (max_uses is null or uses <= max_uses)`)
export class JoinToken extends BaseEntity {
  @Index('join_tokens_name', { unique: true })
  @Column({ type: 'text' })
  name: string;

  /** SHA-256 of the token; the token itself is never stored. */
  @Index('join_tokens_hash', { unique: true })
  @Column({ type: 'text' })
  hash: string;

  /**
   * The compute environment every host that enrols with it belongs to; null: none, the host gets no storage. The token
   * goes when the environment does.
   */
  @ForeignKey('ComputeEnvironment', { name: 'join_tokens_compute_environment_fkey', onDelete: 'CASCADE' })
  @Index('join_tokens_compute_environment')
  @Column({ type: 'text', nullable: true })
  computeEnvironmentId: string | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  expiresAt: Date | null;

  /** Hosts that may enrol with it; null: any number. */
  @Column({ type: 'integer', nullable: true })
  maxUses: number | null;

  @Column({ type: 'integer' })
  uses: number;
}
