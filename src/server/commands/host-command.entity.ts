import { Check, Column, Entity, ForeignKey, Index } from 'typeorm';
import type { CommandBody, CommandResult, CommandType } from '../../protocol/agent-api.js';
import { BaseEntity } from '../database/base.entity.js';

export const COMMAND_STATUSES = ['pending', 'delivered', 'succeeded', 'failed', 'cancelled', 'expired'] as const;
export type CommandStatus = (typeof COMMAND_STATUSES)[number];
export const OPEN_COMMAND_STATUSES: CommandStatus[] = ['pending', 'delivered'];

/** A unit of work for one host's agent. */
@Entity('commands')
@Check('commands_status_check', `"status" IN ('pending', 'delivered', 'succeeded', 'failed', 'cancelled', 'expired')`)
@Check('commands_delivered_check', `"status" <> 'delivered' OR ("delivered_at" IS NOT NULL AND "session" IS NOT NULL)`)
@Check('commands_finished_check', `("status" IN ('pending', 'delivered')) = ("finished_at" IS NULL)`)
@Index('commands_open_idx', ['hostId', 'id'], { where: `"status" IN ('pending', 'delivered')` })
export class HostCommand extends BaseEntity {
  @ForeignKey('Host', { name: 'commands_host_id_fkey' })
  @Column({ type: 'text' })
  hostId: string;

  @Index('commands_operation_id_idx')
  @ForeignKey('Operation', { name: 'commands_operation_id_fkey', onDelete: 'SET NULL' })
  @Column({ type: 'text', nullable: true })
  operationId: string | null;

  @Column({ type: 'text' })
  type: CommandType;

  @Column({ type: 'jsonb' })
  payload: CommandBody;

  @Column({ type: 'text', default: 'pending' })
  status: CommandStatus;

  /** The agent session it was last given to. */
  @Column({ type: 'integer', nullable: true })
  session: number | null;

  @Column({ type: 'integer', default: 0 })
  deliveries: number;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  deliveredAt: Date | null;

  /** Not given to an agent that has not seen it after this. */
  @Column({ type: 'timestamptz', precision: 3 })
  expiresAt: Date;

  /** Given up when there is no result this long after its first delivery. */
  @Column({ type: 'integer' })
  deadlineSeconds: number;

  @Column({ type: 'jsonb', nullable: true })
  result: CommandResult | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  finishedAt: Date | null;
}
