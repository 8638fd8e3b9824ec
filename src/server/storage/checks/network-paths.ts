import { Injectable } from '@nestjs/common';
import type { AwsAccess } from '../../aws/aws-access.js';
import { Ec2NetworkApi } from '../../aws/ec2-network.api.js';
import type { StorageFinding } from '../storage-finding.js';
import { blockedPorts, type PortRange } from './reachable-ports.js';
import type { HostsNetwork } from './storage-check.js';

/** Asks EC2 for what stands between hosts and a storage, and has the rules look at it. */
@Injectable()
export class NetworkPaths {
  constructor(private readonly network: Ec2NetworkApi) {}

  /** `groupIds`: the storage's security groups, asked for with `access`. */
  async blocked(
    storage: string,
    ports: PortRange[],
    { access, groupIds }: { access: AwsAccess; groupIds: readonly string[] },
    hosts: HostsNetwork,
  ): Promise<StorageFinding[]> {
    const [storageGroups, hostGroups, ranges] = await Promise.all([
      this.network.securityGroups(access, groupIds),
      this.network.securityGroups(hosts.access, hosts.securityGroupIds),
      this.network.subnetRanges(
        hosts.access,
        hosts.subnets.map((subnet) => subnet.id),
      ),
    ]);
    return blockedPorts({ storage, ports, storageGroups, hostGroups, hostRanges: [...ranges.values()] });
  }
}
