import { Injectable } from '@nestjs/common';
import { AwsError } from '../aws/aws-error.js';
import type { HostsNetwork } from './checks/storage-check.js';
import { storageAccessOf } from './storage-access.js';
import { StorageChecks } from './storage-checks.js';
import type { StorageFinding } from './storage-finding.js';
import { StorageService } from './storage.service.js';
import { unchecked } from './storage-unchecked.js';

/** For whoever knows where hosts are: do they reach the storage? */
@Injectable()
export class StorageReachability {
  constructor(
    private readonly storages: StorageService,
    private readonly checks: StorageChecks,
  ) {}

  /**
   * What keeps hosts in these subnets, with these security groups, from the storage. A storage without a region of its own is
   * looked for with the hosts' access. What AWS does not let us ask is a finding, too. Throws `not-found`.
   */
  async findings(storageId: string, hosts: HostsNetwork): Promise<StorageFinding[]> {
    const storage = await this.storages.find(storageId);
    try {
      return await this.checks.reachability(storage, storageAccessOf(storage) ?? hosts.access, hosts);
    } catch (error) {
      if (error instanceof AwsError) return [unchecked(`whether hosts reach storage ${storage.name}`, error)];
      throw error;
    }
  }
}
