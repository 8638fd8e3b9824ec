import { Check, Column, Entity, Unique } from 'typeorm';
import type { Labels } from '../common/labels.js';
import { BaseEntity } from '../database/base.entity.js';
import type { GroupSource } from './built-in-groups.js';

/** Instance types among which images are expected to restore. What decides is what hosts measure. */
@Entity('compatibility_groups')
@Unique('compatibility_groups_name_key', ['name'])
@Check('compatibility_groups_source_check', `"built_in" = ("source" IS NOT NULL)`)
export class CompatibilityGroup extends BaseEntity {
  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text', nullable: true })
  description: string | null;

  /** Kept by the server and changed by nobody. */
  @Column({ type: 'boolean', default: false })
  builtIn: boolean;

  /** Of a built-in one. */
  @Column({ type: 'jsonb', nullable: true })
  source: GroupSource | null;

  /** Of a built-in one: what its line means by the catalogue as it is. */
  @Column({ type: 'jsonb' })
  instanceTypes: string[];

  @Column({ type: 'jsonb', default: {} })
  labels: Labels;
}
