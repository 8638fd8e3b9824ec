import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { AgentConfig } from '../../protocol/agent-api.js';
import { mergePolicy } from '../../protocol/policy.js';
import { Database } from '../database/database.js';
import { SettingsService } from '../settings/settings.service.js';
import { StorageService } from '../storage/storage.service.js';
import { ComputeEnvironment } from './compute-environment.entity.js';

/** The host as far as its configuration depends on it. */
export interface ConfiguredHost {
  id: string;
  computeEnvironmentId: string | null;
}

/** How often the agent calls; the same for every host. */
export type AgentRhythm = Pick<AgentConfig, 'heartbeatSeconds' | 'pollSeconds'>;

/** Puts together what an agent must know to protect jobs without the server. */
@Injectable()
export class AgentConfigService {
  constructor(
    private readonly database: Database,
    private readonly storages: StorageService,
    private readonly settings: SettingsService,
  ) {}

  /**
   * The configuration in force for this host now. Its `revision` is a digest of everything else in it, so it changes exactly when
   * that does, is the same from every replica, and needs no place to be kept. `extra` (pinned checkpoints) is part of it.
   */
  async forHost(
    host: ConfiguredHost,
    rhythm: AgentRhythm,
    extra: Pick<AgentConfig, 'pinnedCheckpoints'> = {},
  ): Promise<AgentConfig> {
    const environment =
      host.computeEnvironmentId === null
        ? null
        : await this.database.repository(ComputeEnvironment).findOneBy({ id: host.computeEnvironmentId });
    return withRevision({
      hostId: host.id,
      ...rhythm,
      computeEnvironment: environment && { id: environment.id, name: environment.name },
      storage: environment?.storageId ? await this.storages.forAgent(environment.storageId) : null,
      policy: mergePolicy(await this.settings.policy(), environment?.policy),
      ...extra,
    });
  }
}

/** Members in a fixed order: the same content has the same digest, wherever it came from. */
export function withRevision(config: Omit<AgentConfig, 'revision'>): AgentConfig {
  const revision = createHash('sha256')
    .update(JSON.stringify(ordered(config)))
    .digest('hex')
    .slice(0, 16);
  return { revision, ...config };
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, ordered(member)]),
  );
}
