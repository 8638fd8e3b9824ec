import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Failure } from '../../protocol/failure.js';

/** A host's part in a verification that is still going on. The rows go when it is over; its outcome stays with the storage. */
@Entity('storage_verification_hosts')
export class StorageVerificationHost {
  @PrimaryColumn({ type: 'text' })
  operationId: string;

  @PrimaryColumn({ type: 'text' })
  hostId: string;

  @Index('storage_verification_hosts_storage_id_idx')
  @Column({ type: 'text' })
  storageId: string;

  @Column({ type: 'text' })
  hostName: string;

  /** 1: everyone writes. 2: everyone reads what the others wrote. */
  @Column({ type: 'integer', default: 1 })
  round: number;

  /** In this round. */
  @Column({ type: 'boolean', default: false })
  answered: boolean;

  @Column({ type: 'jsonb', default: [] })
  sees: string[];

  @Column({ type: 'jsonb', nullable: true })
  failure: Failure | null;
}
