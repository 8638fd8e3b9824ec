import { Injectable } from '@nestjs/common';
import { AwsError } from '../aws/aws-error.js';
import { bySeverity } from '../common/finding.js';
import type { StorageFindingsDto } from './dto/storage-findings.dto.js';
import { storageAccessOf } from './storage-access.js';
import { StorageChecks } from './storage-checks.js';
import { driverOf } from './storage-drivers.js';
import type { StorageFinding } from './storage-finding.js';
import { StorageHosts } from './storage-hosts.js';
import { sharingFindings } from './storage-sharing.js';
import { storageStatus } from './storage-status.js';
import { unchecked } from './storage-unchecked.js';
import type { Storage } from './storage.entity.js';
import { StorageService } from './storage.service.js';

/** What AWS says of a storage, and what its hosts see of it. */
@Injectable()
export class StorageFindingsService {
  constructor(
    private readonly storages: StorageService,
    private readonly checks: StorageChecks,
    private readonly hosts: StorageHosts,
  ) {}

  /** Throws `not-found`. */
  async of(id: string): Promise<StorageFindingsDto> {
    const storage = await this.storages.find(id);
    const items = bySeverity([...(await this.ofAws(storage)), ...(await this.ofHosts(storage))]);
    return { storageId: id, evaluatedAt: new Date().toISOString(), items };
  }

  private async ofAws(storage: Storage): Promise<StorageFinding[]> {
    const access = storageAccessOf(storage);
    if (access === null) return [];
    try {
      const inspection = await this.checks.inspect(storage, access);
      if (inspection === null) return [];
      if (inspection.missing === null) return inspection.findings;
      return [
        {
          severity: 'error',
          code: inspection.missing.field === 'mountName' ? 'storage-wrong-type' : 'storage-missing',
          message: `${inspection.missing.detail}.`,
          why: 'No host can mount it.',
          remedy: `Correct settings.${inspection.missing.field}, or region and roleArn.`,
        },
      ];
    } catch (error) {
      if (error instanceof AwsError) return [unchecked(`what AWS has of storage ${storage.name}`, error)];
      throw error;
    }
  }

  private async ofHosts(storage: Storage): Promise<StorageFinding[]> {
    const { purposes } = driverOf(storage.kind);
    const online = await this.hosts.online(storage.id);
    if (!purposes.includes('checkpoint') || online.length === 0) return [];
    const verifiedHostIds = (storage.lastVerification?.hosts ?? []).map((host) => host.hostId);
    return sharingFindings({ ...storage, status: storageStatus(storage), verifiedHostIds }, online);
  }
}
