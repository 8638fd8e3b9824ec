import { Injectable } from '@nestjs/common';
import type { AwsAccess } from '../aws/aws-access.js';
import { EfsCheck } from './checks/efs.check.js';
import { FsxLustreCheck } from './checks/fsx-lustre.check.js';
import { JuicefsCheck } from './checks/juicefs.check.js';
import type { HostsNetwork, StorageCheck, StorageInspection } from './checks/storage-check.js';
import type { StorageFinding } from './storage-finding.js';
import type { StorageKind } from './storage-kind.js';

interface CheckedStorage {
  kind: StorageKind;
  publicSettings: object;
}

/** The check of each kind that AWS can be asked about. */
@Injectable()
export class StorageChecks {
  private readonly checks: ReadonlyMap<StorageKind, StorageCheck>;

  constructor(efs: EfsCheck, fsxLustre: FsxLustreCheck, juicefs: JuicefsCheck) {
    const all = [efs, fsxLustre, juicefs] as unknown as StorageCheck[];
    this.checks = new Map(all.map((check) => [check.kind, check]));
  }

  /** Throws `AwsError`. null: there is nothing to ask about storages of this kind. */
  async inspect({ kind, publicSettings }: CheckedStorage, access: AwsAccess): Promise<StorageInspection | null> {
    return (await this.checks.get(kind)?.inspect(publicSettings, access)) ?? null;
  }

  /** Throws `AwsError`. */
  async reachability(
    { kind, publicSettings }: CheckedStorage,
    access: AwsAccess,
    hosts: HostsNetwork,
  ): Promise<StorageFinding[]> {
    return (await this.checks.get(kind)?.reachability(publicSettings, access, hosts)) ?? [];
  }
}
