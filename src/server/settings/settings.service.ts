import { Injectable } from '@nestjs/common';
import { parseDuration } from '../../protocol/duration.js';
import type { Policy } from '../../protocol/policy.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { invalidField } from '../common/domain-error.js';
import { type IfMatchVersions, lockForUpdate } from '../common/etag.js';
import { mergePatch } from '../common/merge-patch.js';
import { Database } from '../database/database.js';
import { effectiveSettings, type SettingsDto, toSettingsDto } from './dto/settings.dto.js';
import type { UpdateSettingsDto } from './dto/update-settings.dto.js';
import { checkDuration, checkPolicy } from './policy-rules.js';
import { Settings } from './settings.entity.js';

const ID = 'settings';
/** Notified (id `settings`) when settings change, so that agents can be given their new configuration. */
export const SETTINGS_TOPIC = 'settings';

export interface AgentRhythm {
  heartbeatSeconds: number;
  /** Silent this long: offline. */
  offlineAfterSeconds: number;
}

@Injectable()
export class SettingsService {
  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
  ) {}

  async get(): Promise<SettingsDto> {
    return toSettingsDto(await this.row());
  }

  /** The system's policy, complete. */
  async policy(): Promise<Policy> {
    return effectiveSettings(await this.row()).policy;
  }

  async rhythm(): Promise<AgentRhythm> {
    const { agents } = effectiveSettings(await this.row());
    return {
      heartbeatSeconds: parseDuration(agents.heartbeatInterval) / 1000,
      offlineAfterSeconds: parseDuration(agents.offlineAfter) / 1000,
    };
  }

  async update(patch: UpdateSettingsDto, ifMatch: IfMatchVersions): Promise<SettingsDto> {
    if (patch.policy) checkPolicy(patch.policy, '/policy');
    checkDuration(patch.agents?.heartbeatInterval, '/agents/heartbeatInterval', 1000, 300_000);
    checkDuration(patch.agents?.offlineAfter, '/agents/offlineAfter', 2000, 86_400_000);
    const settings = (await lockForUpdate(this.database, Settings, ID, ifMatch))!;
    settings.changed = mergePatch(settings.changed, patch);
    const { agents } = effectiveSettings(settings);
    if (parseDuration(agents.offlineAfter) < 2 * parseDuration(agents.heartbeatInterval)) {
      throw invalidField(
        '/agents/offlineAfter',
        `offlineAfter (${agents.offlineAfter}) must be at least twice heartbeatInterval (${agents.heartbeatInterval}), or hosts would seem offline between two heartbeats.`,
      );
    }
    const saved = await this.database.repository(Settings).save(settings);
    await this.notifier.notify(SETTINGS_TOPIC, ID);
    return toSettingsDto(saved);
  }

  private row(): Promise<Settings> {
    return this.database.repository(Settings).findOneByOrFail({ id: ID });
  }
}
