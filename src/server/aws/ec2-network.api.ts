import { Injectable } from '@nestjs/common';
import {
  EC2Client,
  type IpPermission,
  paginateDescribeNetworkInterfaces,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
} from '@aws-sdk/client-ec2';
import type { AwsAccess } from './aws-access.js';
import { collectPages } from './aws-call.js';
import { AwsClients } from './aws-clients.js';

export interface Ec2SecurityGroup {
  id: string;
  vpcId: string | null;
  ingress: Ec2TrafficRule[];
  egress: Ec2TrafficRule[];
}

export interface Ec2TrafficRule {
  /** `tcp`, `udp`, `icmp`, a number, or `-1` for all. */
  protocol: string;
  /** null: all. */
  fromPort: number | null;
  toPort: number | null;
  /** Whom the rule lets in, or out to. */
  securityGroupIds: string[];
  /** IPv4, such as `10.0.0.0/16`. */
  cidrs: string[];
  prefixListIds: string[];
}

/** The part of EC2 that decides who reaches whom. */
@Injectable()
export class Ec2NetworkApi {
  constructor(private readonly clients: AwsClients) {}

  /** Throws `aws-not-found` where one of them is not there. */
  async securityGroups(access: AwsAccess, ids: readonly string[]): Promise<Ec2SecurityGroup[]> {
    if (ids.length === 0) return [];
    const client = this.clients.get(EC2Client, access);
    const pages = paginateDescribeSecurityGroups({ client }, { GroupIds: [...ids] });
    const found = await collectPages('ec2:DescribeSecurityGroups', pages, (page) => page.SecurityGroups);
    return found.map((group) => ({
      id: group.GroupId!,
      vpcId: group.VpcId ?? null,
      ingress: (group.IpPermissions ?? []).map(toRule),
      egress: (group.IpPermissionsEgress ?? []).map(toRule),
    }));
  }

  /** IPv4 range of each subnet, by its id. Throws `aws-not-found` where one of them is not there. */
  async subnetRanges(access: AwsAccess, ids: readonly string[]): Promise<Map<string, string>> {
    if (ids.length === 0) return new Map();
    const client = this.clients.get(EC2Client, access);
    const pages = paginateDescribeSubnets({ client }, { SubnetIds: [...ids] });
    const found = await collectPages('ec2:DescribeSubnets', pages, (page) => page.Subnets);
    return new Map(found.map((subnet) => [subnet.SubnetId!, subnet.CidrBlock ?? '']));
  }

  /** Security groups of network interfaces, together, each once. */
  async interfaceSecurityGroups(access: AwsAccess, interfaceIds: readonly string[]): Promise<string[]> {
    if (interfaceIds.length === 0) return [];
    const client = this.clients.get(EC2Client, access);
    const pages = paginateDescribeNetworkInterfaces({ client }, { NetworkInterfaceIds: [...interfaceIds] });
    const found = await collectPages('ec2:DescribeNetworkInterfaces', pages, (page) => page.NetworkInterfaces);
    const ids = found.flatMap((each) => (each.Groups ?? []).map((group) => group.GroupId!));
    return [...new Set(ids)];
  }
}

function toRule(permission: IpPermission): Ec2TrafficRule {
  return {
    protocol: permission.IpProtocol ?? '-1',
    fromPort: permission.FromPort ?? null,
    toPort: permission.ToPort ?? null,
    securityGroupIds: (permission.UserIdGroupPairs ?? []).map((pair) => pair.GroupId).filter((id) => id !== undefined),
    cidrs: (permission.IpRanges ?? []).map((range) => range.CidrIp).filter((cidr) => cidr !== undefined),
    prefixListIds: (permission.PrefixListIds ?? []).map((list) => list.PrefixListId).filter((id) => id !== undefined),
  };
}
