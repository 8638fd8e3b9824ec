import { CreateDateColumn, PrimaryColumn, UpdateDateColumn, VersionColumn } from 'typeorm';

/**
 * What every row has. Times are kept to the millisecond, which is what JavaScript and our page tokens can hold exactly.
 * The id is given by the service (`newId(kind)`), so that a resource can be named before it is written.
 */
export abstract class BaseEntity {
  @PrimaryColumn({ type: 'text' })
  id: string;

  /** Rises by one with each saved change: the ETag. Written with `repository.save`, or by hand in a bare UPDATE. */
  @VersionColumn()
  version: number;

  @CreateDateColumn({ type: 'timestamptz', precision: 3 })
  createdAt: Date;

  @UpdateDateColumn({ type: 'timestamptz', precision: 3 })
  updatedAt: Date;
}
