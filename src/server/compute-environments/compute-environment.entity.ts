import { Column, Entity, ForeignKey, Index, Unique } from 'typeorm';
import type { PolicyOverride } from '../../protocol/policy.js';
import { BaseEntity } from '../database/base.entity.js';

@Entity('compute_environments')
@Unique('compute_environments_name_key', ['name'])
export class ComputeEnvironment extends BaseEntity {
  /** AWS Batch's own name of it, by which jobs say where they run. Never changes, as it never does there. */
  @Column({ type: 'text' })
  name: string;

  @Index('compute_environments_storage_id_idx')
  @ForeignKey('Storage', { name: 'compute_environments_storage_id_fkey' })
  @Column({ type: 'text', nullable: true })
  storageId: string | null;

  @Column({ type: 'jsonb', default: [] })
  instanceTypes: string[];

  /** Only what differs from the system policy. */
  @Column({ type: 'jsonb', default: {} })
  policy: PolicyOverride;

  @Column({ type: 'jsonb', default: {} })
  labels: Record<string, string>;
}
