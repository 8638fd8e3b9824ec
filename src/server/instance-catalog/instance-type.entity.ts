import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { BytesColumn } from '../database/bytes-column.js';
import type { CatalogueSource } from './catalogue-source.js';
import type { InstanceGpu, InstanceType } from './instance-type.js';

/** An EC2 instance type as the snapshot, or AWS since, described it. */
@Entity('instance_types')
@Check('instance_types_architecture_check', `"architecture" IN ('x86_64', 'aarch64')`)
@Check('instance_types_source_check', `"source" IN ('snapshot', 'aws')`)
export class InstanceTypeRow {
  /** EC2's own name of it. */
  @PrimaryColumn({ type: 'text' })
  id: string;

  @Index('instance_types_family_idx')
  @Column({ type: 'text' })
  family: string;

  @Column({ type: 'text' })
  architecture: InstanceType['architecture'];

  @Column({ type: 'integer' })
  vcpus: number;

  @BytesColumn({ nullable: false })
  memoryBytes: number;

  @Column({ type: 'jsonb', nullable: true })
  gpu: InstanceGpu | null;

  @Column({ type: 'boolean' })
  currentGeneration: boolean;

  @Column({ type: 'boolean' })
  spot: boolean;

  @Column({ type: 'boolean' })
  bareMetal: boolean;

  /** Of registered environments, where AWS sold it at the last look; empty while AWS was not asked. */
  @Column({ type: 'jsonb', default: [] })
  regions: string[];

  @Column({ type: 'text' })
  source: CatalogueSource;

  @Column({ type: 'timestamptz', precision: 3 })
  asOf: Date;
}
