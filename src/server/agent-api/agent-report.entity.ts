import { CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A report that was taken in, so that it is not taken in again. Ids are the agents' own, so they count per host. */
@Entity('agent_reports')
export class AgentReport {
  @ForeignKey('Host', { name: 'agent_reports_host_id_fkey' })
  @PrimaryColumn({ type: 'text' })
  hostId: string;

  @PrimaryColumn({ type: 'text' })
  id: string;

  @Index('agent_reports_received_at_idx')
  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  receivedAt: Date;
}
