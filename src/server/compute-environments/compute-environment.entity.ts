import { Column, Entity, Index, JoinColumn, ManyToOne, Unique } from 'typeorm';
import type { Relation } from 'typeorm';
import type { PolicyOverride } from '../../protocol/policy.js';
import { BaseEntity } from '../database/base.entity.js';
import { Storage } from '../storage/storage.entity.js';

@Entity('compute_environments')
@Unique('compute_environments_name_key', ['name'])
export class ComputeEnvironment extends BaseEntity {
  /** AWS Batch's own name of it, by which jobs say where they run. Never changes, as it never does there. */
  @Column({ type: 'text' })
  name: string;

  @Index('compute_environments_storage_id_idx')
  @Column({ type: 'text', nullable: true })
  storageId: string | null;

  /** Never loaded as an object: it states the foreign key. */
  @ManyToOne(() => Storage)
  @JoinColumn({ name: 'storage_id', foreignKeyConstraintName: 'compute_environments_storage_id_fkey' })
  storage?: Relation<Storage>;

  @Column({ type: 'jsonb', default: () => `'[]'` })
  instanceTypes: string[];

  /** Only what differs from the system policy. */
  @Column({ type: 'jsonb', default: () => `'{}'` })
  policy: PolicyOverride;

  @Column({ type: 'jsonb', default: () => `'{}'` })
  labels: Record<string, string>;
}
