import { Injectable } from '@nestjs/common';
import type { AwsAccess } from '../../aws/aws-access.js';
import { EfsApi, type EfsFileSystem, type EfsMountTarget } from '../../aws/efs.api.js';
import { list } from '../../common/finding.js';
import type { EfsSettings } from '../dto/efs-settings.dto.js';
import { efsDriver } from '../drivers/efs.driver.js';
import type { StorageFinding } from '../storage-finding.js';
import { NetworkPaths } from './network-paths.js';
import type { HostsNetwork, StorageCheck, StorageInspection } from './storage-check.js';

@Injectable()
export class EfsCheck implements StorageCheck<EfsSettings> {
  readonly kind = 'efs';

  constructor(
    private readonly efs: EfsApi,
    private readonly paths: NetworkPaths,
  ) {}

  async inspect(settings: EfsSettings, access: AwsAccess): Promise<StorageInspection> {
    const { fileSystemId, accessPointId } = settings;
    const fileSystem = await this.efs.fileSystem(access, fileSystemId);
    if (fileSystem === null) {
      const detail = `There is no EFS file system ${fileSystemId} in ${access.region}`;
      return { missing: { field: 'fileSystemId', detail }, facts: null, findings: [] };
    }
    const facts = {
      throughputMode: fileSystem.throughputMode,
      provisionedMibPerSecond: fileSystem.provisionedMibPerSecond,
      availabilityZone: fileSystem.availabilityZone,
    };
    const findings = fileSystemFindings(fileSystem);
    if (accessPointId === null) return { missing: null, facts, findings };
    const accessPoint = await this.efs.accessPoint(access, accessPointId);
    if (accessPoint === null || accessPoint.fileSystemId !== fileSystemId) {
      const of =
        accessPoint === null ? `in ${access.region}` : `of ${fileSystemId}: it is of ${accessPoint.fileSystemId}`;
      const detail = `There is no EFS access point ${accessPointId} ${of}`;
      return { missing: { field: 'accessPointId', detail }, facts, findings: [] };
    }
    if (accessPoint.state !== 'available') {
      findings.push({
        severity: 'error',
        code: 'access-point-unusable',
        message: `The access point ${accessPointId} is ${accessPoint.state}.`,
        why: 'Hosts cannot mount through it.',
        remedy: 'Wait until it is available, or make another and set accessPointId.',
      });
    }
    return { missing: null, facts, findings };
  }

  async reachability({ fileSystemId }: EfsSettings, access: AwsAccess, hosts: HostsNetwork): Promise<StorageFinding[]> {
    const fileSystem = await this.efs.fileSystem(access, fileSystemId);
    if (fileSystem === null) return [];
    const targets = await this.efs.mountTargets(access, fileSystemId);
    const found = mountTargetFindings(fileSystem, targets, hosts.subnets);
    const { ports } = efsDriver.requirements(Object.assign({} as EfsSettings, { fileSystemId, accessPointId: null }));
    const seen = new Set<string>();
    for (const target of usedTargets(targets, hosts.subnets)) {
      const groupIds = (await this.efs.mountTargetSecurityGroups(access, target.id)).toSorted();
      // Targets of a file system normally have the same groups.
      if (seen.has(groupIds.join())) continue;
      seen.add(groupIds.join());
      const subnets = hosts.subnets.filter((subnet) => servedBy(target, subnet));
      const name = `mount target ${target.id} of ${fileSystemId}`;
      found.push(...(await this.paths.blocked(name, ports, { access, groupIds }, { ...hosts, subnets })));
    }
    return found;
  }
}

export function fileSystemFindings(fileSystem: EfsFileSystem): StorageFinding[] {
  const { id, state, encrypted, availabilityZone } = fileSystem;
  const found: StorageFinding[] = [];
  if (state !== 'available' && state !== 'updating') {
    found.push({
      severity: 'error',
      code: 'storage-not-available',
      message: `The EFS file system ${id} is ${state}.`,
      why: 'Hosts cannot mount it.',
      remedy: 'Wait until it is available, or name another in settings.fileSystemId.',
    });
  }
  if (!encrypted) {
    found.push({
      severity: 'warning',
      code: 'storage-not-encrypted',
      message: `The EFS file system ${id} is not encrypted at rest.`,
      why: 'Checkpoints hold the whole memory of jobs, secrets included.',
      remedy: 'Make an encrypted file system: encryption cannot be turned on later.',
    });
  }
  if (availabilityZone !== null) {
    found.push({
      severity: 'info',
      code: 'storage-single-zone',
      message: `The EFS file system ${id} is in one zone, ${availabilityZone}.`,
      why: 'When that zone fails its checkpoints cannot be reached; hosts of other zones pay for the traffic to it.',
      remedy: 'Use a Regional file system where jobs may run in several zones.',
    });
  }
  return found;
}

interface Subnet {
  id: string;
  vpcId: string;
  availabilityZone: string;
}

/** A mount target serves its own zone; a One Zone file system's serves all. */
export function mountTargetFindings(
  { id, availabilityZone }: EfsFileSystem,
  targets: readonly EfsMountTarget[],
  subnets: readonly Subnet[],
): StorageFinding[] {
  const found: StorageFinding[] = [];
  const vpcs = new Set(targets.map((target) => target.vpcId).filter((vpc) => vpc !== null));
  const strangers = subnets.filter((subnet) => vpcs.size > 0 && !vpcs.has(subnet.vpcId));
  if (strangers.length > 0) {
    found.push({
      severity: 'error',
      code: 'different-vpc',
      message: `The mount targets of ${id} are in ${list([...vpcs])}, the subnets ${list(strangers.map((subnet) => `${subnet.id} (${subnet.vpcId})`))} are not.`,
      why: "A file system's name resolves in the VPC of its mount targets only: hosts of another do not find it.",
      remedy: 'Use subnets of that VPC, or make a file system in the VPC of the hosts.',
    });
  }
  const without = subnets.filter(
    (subnet) => !strangers.includes(subnet) && !targets.some((target) => servedBy(target, subnet)),
  );
  const zones = [...new Set(without.map((subnet) => subnet.availabilityZone))];
  if (zones.length > 0 && (availabilityZone === null || targets.length === 0)) {
    found.push({
      severity: 'error',
      code: 'mount-target-missing',
      message: `The EFS file system ${id} has no mount target in ${list(zones)}, where hosts of ${list(without.map((subnet) => subnet.id))} run.`,
      why: "Hosts in a zone without a mount target do not resolve the file system's name, so jobs there are not protected.",
      remedy: `Make a mount target in ${list(zones)}, or take those subnets out of the compute environment.`,
    });
  }
  for (const target of usedTargets(targets, subnets).filter(({ state }) => state !== 'available')) {
    found.push({
      severity: 'error',
      code: 'mount-target-not-available',
      message: `The mount target ${target.id} of ${id} in ${target.availabilityZone ?? target.subnetId} is ${target.state}.`,
      why: 'Hosts in its zone cannot mount the file system.',
      remedy: 'Wait until it is available, or make it anew.',
    });
  }
  return found;
}

function usedTargets(targets: readonly EfsMountTarget[], subnets: readonly Subnet[]): EfsMountTarget[] {
  return targets.filter((target) => subnets.some((subnet) => servedBy(target, subnet)));
}

function servedBy(target: EfsMountTarget, subnet: Subnet): boolean {
  if (target.subnetId === subnet.id) return true;
  return (
    target.availabilityZone === subnet.availabilityZone && (target.vpcId === null || target.vpcId === subnet.vpcId)
  );
}
