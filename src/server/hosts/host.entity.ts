import { Check, Column, Entity, ForeignKey, Index, Unique } from 'typeorm';
import type { StorageHealth } from '../../protocol/agent-api.js';
import type { HostFacts, HostFinding } from '../../protocol/host-facts.js';
import type { Labels } from '../common/labels.js';
import { BaseEntity } from '../database/base.entity.js';
import type { HostStatus } from './host-status.js';

/**
 * An instance that runs the agent. A heartbeat that brings no news (only later times and other free space) leaves `version`
 * alone, so that an ETag stays good for a change by hand.
 */
@Entity('hosts')
@Unique('hosts_machine_id_key', ['machineId'])
@Unique('hosts_credential_hash_key', ['credentialHash'])
@Check('hosts_status_check', `"status" IN ('online', 'offline', 'deregistered')`)
@Check('hosts_deregistered_check', `("status" = 'deregistered') = ("deregistered_at" IS NOT NULL)`)
@Check('hosts_credential_check', `("status" = 'deregistered') = ("credential_hash" IS NULL)`)
@Index('hosts_online_idx', ['lastHeartbeatAt'], { where: `"status" = 'online'` })
export class Host extends BaseEntity {
  /** Made by the agent. Never shown: whoever holds a join token and knows it can take the host's place. */
  @Column({ type: 'text' })
  machineId: string;

  @Index('hosts_compute_environment_id_idx')
  @ForeignKey('ComputeEnvironment', { name: 'hosts_compute_environment_id_fkey', onDelete: 'SET NULL' })
  @Column({ type: 'text', nullable: true })
  computeEnvironmentId: string | null;

  @Column({ type: 'text', default: 'offline' })
  status: HostStatus;

  /** Takes no restores. */
  @Column({ type: 'boolean', default: false })
  draining: boolean;

  @Column({ type: 'jsonb', default: {} })
  labels: Labels;

  @Column({ type: 'jsonb' })
  facts: HostFacts;

  @Column({ type: 'jsonb', default: [] })
  findings: HostFinding[];

  @Column({ type: 'jsonb', nullable: true })
  storageHealth: StorageHealth | null;

  @Column({ type: 'integer', default: 0 })
  runningJobs: number;

  @Column({ type: 'integer', default: 0 })
  unsentReports: number;

  @Column({ type: 'text', nullable: true })
  credentialHash: string | null;

  /** Rises with every start of the agent; only the newest is obeyed. */
  @Column({ type: 'integer', default: 0 })
  session: number;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  lastHeartbeatAt: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  deregisteredAt: Date | null;

  /** When AWS said that it takes the instance back within two minutes. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  interruptionNoticeAt: Date | null;

  /** When AWS said that the instance is likelier than before to be taken back. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  rebalanceRecommendedAt: Date | null;
}
