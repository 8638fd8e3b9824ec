import { Injectable } from '@nestjs/common';
import { FSxClient, paginateDescribeFileSystems } from '@aws-sdk/client-fsx';
import type { AwsAccess } from './aws-access.js';
import { collectPages } from './aws-call.js';
import { AwsClients } from './aws-clients.js';
import { AwsError } from './aws-error.js';

export interface FsxFileSystem {
  id: string;
  /** `LUSTRE`, `WINDOWS`, `ONTAP`, `OPENZFS`. */
  type: string;
  /** `AVAILABLE`, `CREATING`, `FAILED`, `DELETING`, `MISCONFIGURED`, `UPDATING`...; null: the answer does not say. */
  state: string | null;
  dnsName: string | null;
  vpcId: string | null;
  subnetIds: string[];
  networkInterfaceIds: string[];
  capacityGib: number | null;
  /** `SSD`, `HDD`, `INTELLIGENT_TIERING`. */
  storageType: string | null;
  /** null for other types. */
  lustre: {
    /** `SCRATCH_1`, `SCRATCH_2`, `PERSISTENT_1`, `PERSISTENT_2`. */
    deploymentType: string | null;
    perUnitMbPerSecondPerTib: number | null;
    mountName: string | null;
  } | null;
}

@Injectable()
export class FsxApi {
  constructor(private readonly clients: AwsClients) {}

  /** null: there is none of that id. */
  async fileSystem(access: AwsAccess, id: string): Promise<FsxFileSystem | null> {
    const client = this.clients.get(FSxClient, access);
    const pages = paginateDescribeFileSystems({ client }, { FileSystemIds: [id] });
    let found;
    try {
      [found] = await collectPages('fsx:DescribeFileSystems', pages, (page) => page.FileSystems);
    } catch (error) {
      if (error instanceof AwsError && (error.code === 'aws-not-found' || error.awsCode === 'FileSystemNotFound'))
        return null;
      throw error;
    }
    if (found === undefined) return null;
    const lustre = found.LustreConfiguration;
    return {
      id,
      type: found.FileSystemType ?? 'unknown',
      state: found.Lifecycle ?? null,
      dnsName: found.DNSName ?? null,
      vpcId: found.VpcId ?? null,
      subnetIds: found.SubnetIds ?? [],
      networkInterfaceIds: found.NetworkInterfaceIds ?? [],
      capacityGib: found.StorageCapacity ?? null,
      storageType: found.StorageType ?? null,
      lustre:
        found.FileSystemType === 'LUSTRE'
          ? {
              deploymentType: lustre?.DeploymentType ?? null,
              perUnitMbPerSecondPerTib: lustre?.PerUnitStorageThroughput ?? null,
              mountName: lustre?.MountName ?? null,
            }
          : null,
    };
  }
}
