import { ApiProperty } from '@nestjs/swagger';
import type { Settings } from '../settings.entity.js';
import { DEFAULT_SETTINGS, type SettingsValues } from '../settings-values.js';
import { PolicyDto } from './policy.dto.js';

export class AgentSettingsDto {
  /** How often a host says that it is there. */
  heartbeatInterval: string;

  /** A host that has been silent this long is offline. */
  offlineAfter: string;
}

export class SettingsDto implements SettingsValues {
  static readonly example: SettingsDto = {
    policy: { ...DEFAULT_SETTINGS.policy },
    agents: { ...DEFAULT_SETTINGS.agents },
    updatedAt: '2026-01-30T08:15:00.000Z',
    version: 1,
  };

  /** For every job that neither its compute environment nor its own variables say otherwise for. */
  policy: PolicyDto;

  agents: AgentSettingsDto;

  @ApiProperty({ format: 'date-time' })
  updatedAt: string;

  /** The ETag's number. */
  @ApiProperty({ type: 'integer' })
  version: number;
}

export function effectiveSettings({ changed }: Pick<Settings, 'changed'>): SettingsValues {
  return {
    policy: { ...DEFAULT_SETTINGS.policy, ...changed.policy },
    agents: { ...DEFAULT_SETTINGS.agents, ...changed.agents },
  };
}

export function toSettingsDto(settings: Settings): SettingsDto {
  return { ...effectiveSettings(settings), updatedAt: settings.updatedAt.toISOString(), version: settings.version };
}
