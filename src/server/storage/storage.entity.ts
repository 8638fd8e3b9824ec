import { Check, Column, Entity, Unique } from 'typeorm';
import { BaseEntity } from '../database/base.entity.js';
import type { StorageKind } from './storage-kind.js';
import type { StorageVerification } from './storage-verification.js';

@Entity('storages')
@Unique('storages_name_key', ['name'])
@Check('storages_kind_check', `"kind" IN ('efs', 'juicefs', 'fsx-lustre', 'ebs', 'nfs', 'local')`)
@Check('storages_mount_path_check', `"mount_path" LIKE '/_%'`)
export class Storage extends BaseEntity {
  @Column({ type: 'text' })
  name: string;

  /** Never changes: settings of one kind mean nothing to another. */
  @Column({ type: 'text' })
  kind: StorageKind;

  @Column({ type: 'text' })
  mountPath: string;

  /** Without the driver's `secretFields`. */
  @Column({ type: 'jsonb' })
  settings: Record<string, unknown>;

  /**
   * The driver's `secretFields`. Left out of every ordinary read, so that no list, log line or answer can hold them by
   * accident; whoever needs them asks by name.
   */
  @Column({ type: 'jsonb', default: {}, select: false })
  secrets?: Record<string, unknown>;

  /** What the driver may show of settings and secrets together (`publicSettings`), made when they are written. */
  @Column({ type: 'jsonb' })
  publicSettings: Record<string, unknown>;

  @Column({ type: 'jsonb', default: {} })
  labels: Record<string, string>;

  /** The newest one that has ended since the storage was last changed where it matters; null: there was none. */
  @Column({ type: 'jsonb', nullable: true })
  lastVerification: StorageVerification | null;
}
