import { Check, Column, Entity, Index } from 'typeorm';
import type { Role } from '../auth/role.js';
import { BaseEntity } from '../database/base.entity.js';

@Entity('api_tokens')
@Check('api_tokens_role', `role in ('viewer', 'operator', 'admin')`)
export class ApiToken extends BaseEntity {
  @Index('api_tokens_name', { unique: true })
  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text' })
  role: Role;

  /** SHA-256 of the token; the token itself is never stored. */
  @Index('api_tokens_hash', { unique: true })
  @Column({ type: 'text' })
  hash: string;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  expiresAt: Date | null;

  /** To the minute, or null: never. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  lastUsedAt: Date | null;
}
