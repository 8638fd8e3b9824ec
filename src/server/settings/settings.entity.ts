import { Check, Column, Entity } from 'typeorm';
import { BaseEntity } from '../database/base.entity.js';
import type { SettingsValues } from './settings-values.js';

/** What an update may hold: any part, at any depth. */
export type ChangedSettings = {
  policy?: Partial<SettingsValues['policy']>;
  agents?: Partial<SettingsValues['agents']>;
};

/** The one row. It holds only what differs from the defaults, so that a new release's better default reaches everyone else. */
@Entity('settings')
@Check('settings_one_row', `id = 'settings'`)
export class Settings extends BaseEntity {
  @Column({ type: 'jsonb' })
  changed: ChangedSettings;
}
