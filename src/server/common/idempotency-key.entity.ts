import { Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';

/** What a POST with an `Idempotency-Key` answered, kept for 24 hours. Only successes are kept: a failure wrote nothing. */
@Entity('idempotency_keys')
export class IdempotencyKey {
  /** Digest of the caller's credential and the key: callers cannot meet each other's keys. */
  @PrimaryColumn({ type: 'text' })
  id: string;

  /** Digest of method, URL and body. */
  @Column({ type: 'text' })
  fingerprint: string;

  /**
   * The JSON body, encrypted with a key only the caller's credential and idempotency key yield: answers may carry
   * secrets that are shown once (a new token), and the database must not hold them in the clear.
   */
  @Column({ type: 'bytea' })
  answer: Buffer;

  @Index('idempotency_keys_created_at')
  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  createdAt: Date;
}
