import { Injectable } from '@nestjs/common';
import type { AwsAccess } from '../../aws/aws-access.js';
import { Ec2NetworkApi } from '../../aws/ec2-network.api.js';
import { FsxApi, type FsxFileSystem } from '../../aws/fsx.api.js';
import { list } from '../../common/finding.js';
import { fsxLustreDriver } from '../drivers/fsx-lustre.driver.js';
import type { FsxLustreSettings } from '../dto/fsx-lustre-settings.dto.js';
import type { StorageFinding } from '../storage-finding.js';
import { NetworkPaths } from './network-paths.js';
import type { HostsNetwork, StorageCheck, StorageInspection } from './storage-check.js';

@Injectable()
export class FsxLustreCheck implements StorageCheck<FsxLustreSettings> {
  readonly kind = 'fsx-lustre';

  constructor(
    private readonly fsx: FsxApi,
    private readonly network: Ec2NetworkApi,
    private readonly paths: NetworkPaths,
  ) {}

  async inspect(settings: FsxLustreSettings, access: AwsAccess): Promise<StorageInspection> {
    const fileSystem = await this.fsx.fileSystem(access, settings.fileSystemId);
    if (fileSystem === null) {
      const detail = `There is no FSx file system ${settings.fileSystemId} in ${access.region}`;
      return { missing: { field: 'fileSystemId', detail }, facts: null, findings: [] };
    }
    if (fileSystem.lustre === null) {
      const detail = `${settings.fileSystemId} is an FSx file system of type ${fileSystem.type}, not LUSTRE`;
      return { missing: { field: 'fileSystemId', detail }, facts: null, findings: [] };
    }
    const { capacityGib, storageType, lustre } = fileSystem;
    const { deploymentType, perUnitMbPerSecondPerTib } = lustre;
    const facts = { capacityGib, storageType, deploymentType, perUnitMbPerSecondPerTib };
    if (lustre.mountName !== null && lustre.mountName !== settings.mountName) {
      const detail = `mountName of ${settings.fileSystemId} is ${lustre.mountName}, not ${settings.mountName}`;
      return { missing: { field: 'mountName', detail }, facts, findings: [] };
    }
    return { missing: null, facts, findings: lustreFindings(fileSystem) };
  }

  async reachability(settings: FsxLustreSettings, access: AwsAccess, hosts: HostsNetwork): Promise<StorageFinding[]> {
    const fileSystem = await this.fsx.fileSystem(access, settings.fileSystemId);
    if (fileSystem === null) return [];
    const groupIds = await this.network.interfaceSecurityGroups(access, fileSystem.networkInterfaceIds);
    const { ports } = fsxLustreDriver.requirements(settings);
    return [
      ...vpcFindings(fileSystem, hosts),
      ...(await this.paths.blocked(`FSx file system ${fileSystem.id}`, ports, { access, groupIds }, hosts)),
    ];
  }
}

/** States in which it serves (API reference of FSx, `FileSystem.Lifecycle`). */
const SERVES = ['AVAILABLE', 'UPDATING', 'MISCONFIGURED'];

export function lustreFindings({ id, state, lustre }: FsxFileSystem): StorageFinding[] {
  const found: StorageFinding[] = [];
  if (state !== null && !SERVES.includes(state)) {
    found.push({
      severity: 'error',
      code: 'storage-not-available',
      message: `The FSx file system ${id} is ${state}.`,
      why: 'Hosts cannot mount it.',
      remedy: 'Wait until it is AVAILABLE, or name another in settings.fileSystemId.',
    });
  }
  const type = lustre?.deploymentType;
  if (type?.startsWith('SCRATCH')) {
    found.push({
      severity: 'warning',
      code: 'storage-not-replicated',
      message: `The FSx file system ${id} is of deployment type ${type}.`,
      why: 'It keeps one copy: when one of its servers fails, checkpoints on it are gone. For scratch data that is fine.',
      remedy: 'Keep checkpoints on a file system of type PERSISTENT_2.',
    });
  }
  return found;
}

function vpcFindings({ id, vpcId }: FsxFileSystem, hosts: HostsNetwork): StorageFinding[] {
  const strangers = hosts.subnets.filter((subnet) => vpcId !== null && subnet.vpcId !== vpcId);
  if (strangers.length === 0) return [];
  return [
    {
      severity: 'warning',
      code: 'different-vpc',
      message: `The FSx file system ${id} is in ${vpcId}, the subnets ${list(strangers.map((subnet) => `${subnet.id} (${subnet.vpcId})`))} are not.`,
      why: 'Hosts there reach it only over a peering connection or a transit gateway.',
      remedy: 'Use subnets of that VPC, or check that the VPCs are connected and routed.',
    },
  ];
}
