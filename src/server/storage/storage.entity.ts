import { Check, Column, Entity, Unique } from 'typeorm';
import { BaseEntity } from '../database/base.entity.js';
import type { SealedSecret } from '../secrets/sealed-secret.js';
import type { StorageFacts } from './storage-economics.js';
import type { StorageKind } from './storage-kind.js';
import type { StorageVerification } from './storage-verification.js';

/** Encrypted; `{}` where there are none. In the clear only until a server with a key has started (`storage-secrets.ts`). */
export type StoredSecrets = SealedSecret | Record<string, unknown>;

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
  secrets?: StoredSecrets;

  /** What the driver may show of settings and secrets together (`publicSettings`), made when they are written. */
  @Column({ type: 'jsonb' })
  publicSettings: Record<string, unknown>;

  @Column({ type: 'jsonb', default: {} })
  labels: Record<string, string>;

  /** A role of the storage's account that the server assumes to ask AWS about it; null: the server's own credentials. */
  @Column({ type: 'text', nullable: true })
  roleArn: string | null;

  @Column({ type: 'text', nullable: true })
  externalId: string | null;

  /** What AWS said of it when it was set up or last changed; null: it was not asked. */
  @Column({ type: 'jsonb', nullable: true })
  aws: StorageFacts | null;

  /** The newest one that has ended since the storage was last changed where it matters; null: there was none. */
  @Column({ type: 'jsonb', nullable: true })
  lastVerification: StorageVerification | null;
}
