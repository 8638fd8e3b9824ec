import { Injectable } from '@nestjs/common';
import { mergePolicy } from '../../protocol/policy.js';
import { SettingsService } from '../settings/settings.service.js';
import { StorageService } from '../storage/storage.service.js';
import { storageStatus } from '../storage/storage-status.js';
import { ComputeEnvironmentsService } from './compute-environments.service.js';
import type { ComputeEnvironmentFindingsDto } from './dto/compute-environment-findings.dto.js';
import { type EnvironmentSituation, findingsOf } from './environment-findings.js';
import { EnvironmentHosts } from './environment-hosts.js';

/** Reads an environment's situation and has the rules look at it. */
@Injectable()
export class EnvironmentFindingsService {
  constructor(
    private readonly environments: ComputeEnvironmentsService,
    private readonly storages: StorageService,
    private readonly settings: SettingsService,
    private readonly hosts: EnvironmentHosts,
  ) {}

  async of(id: string): Promise<ComputeEnvironmentFindingsDto> {
    const environment = await this.environments.find(id);
    const { instanceTypes } = environment;
    const policy = mergePolicy(await this.settings.policy(), environment.policy);
    const storage = environment.storageId === null ? null : await this.storage(environment.storageId);
    const items = findingsOf({ storage, policy, instanceTypes, hosts: await this.hosts.of(id) });
    return { computeEnvironmentId: id, evaluatedAt: new Date().toISOString(), items };
  }

  private async storage(id: string): Promise<NonNullable<EnvironmentSituation['storage']>> {
    const storage = await this.storages.find(id);
    const verifiedHostIds = (storage.lastVerification?.hosts ?? []).map((host) => host.hostId);
    return { id, name: storage.name, kind: storage.kind, status: storageStatus(storage), verifiedHostIds };
  }
}
