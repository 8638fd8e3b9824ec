import type { Ec2SecurityGroup, Ec2TrafficRule } from '../../aws/ec2-network.api.js';
import { list } from '../../common/finding.js';
import type { StorageFinding } from '../storage-finding.js';

export interface PortRange {
  from: number;
  to: number;
}

/** Both ends of the way from hosts to a storage. */
export interface NetworkPath {
  /** What the storage is called in messages. */
  storage: string;
  ports: PortRange[];
  storageGroups: Ec2SecurityGroup[];
  hostGroups: Ec2SecurityGroup[];
  /** IPv4 ranges hosts may have addresses of. */
  hostRanges: string[];
}

/**
 * Ports that the security groups do not let through. Groups on one interface add up: one rule of one group is enough. A rule that
 * names a prefix list is taken to let hosts through, since what is in the list is not asked for.
 */
export function blockedPorts(path: NetworkPath): StorageFinding[] {
  const hostIds = path.hostGroups.map((group) => group.id);
  const storageIds = path.storageGroups.map((group) => group.id);
  const into = path.storageGroups.flatMap((group) => group.ingress);
  const outOf = path.hostGroups.flatMap((group) => group.egress);
  const found: StorageFinding[] = [];
  const letsIn = (rule: Ec2TrafficRule): boolean =>
    rule.prefixListIds.length > 0 ||
    rule.securityGroupIds.some((id) => hostIds.includes(id)) ||
    (path.hostRanges.length > 0 && path.hostRanges.every((range) => rule.cidrs.some((cidr) => covers(cidr, range))));
  const letsOut = (rule: Ec2TrafficRule): boolean =>
    rule.prefixListIds.length > 0 ||
    rule.cidrs.length > 0 ||
    rule.securityGroupIds.some((id) => storageIds.includes(id));

  const closed = path.ports.filter((ports) => !isOpen(into, ports, letsIn));
  if (storageIds.length > 0 && closed.length > 0) {
    found.push({
      severity: 'error',
      code: 'port-blocked',
      message: `The security groups of ${path.storage} (${list(storageIds)}) do not let the hosts' groups (${list(hostIds) || 'none'}) in at TCP ${describePorts(closed)}.`,
      why: 'Hosts there wait in vain for the storage, and no job on them is protected.',
      remedy: `Add an inbound rule to ${storageIds[0]}: TCP ${describePorts(closed)}, source ${hostIds[0] ?? 'the security group of the hosts'}.`,
    });
  }
  const shut = path.ports.filter((ports) => !isOpen(outOf, ports, letsOut));
  if (hostIds.length > 0 && shut.length > 0) {
    found.push({
      severity: 'error',
      code: 'port-blocked',
      message: `The hosts' security groups (${list(hostIds)}) do not let them out to ${path.storage} at TCP ${describePorts(shut)}.`,
      why: 'Hosts there wait in vain for the storage, and no job on them is protected.',
      remedy: `Add an outbound rule to ${hostIds[0]}: TCP ${describePorts(shut)}, destination ${storageIds[0] ?? 'the storage'}.`,
    });
  }
  return found;
}

export function describePorts(ports: readonly PortRange[]): string {
  return list(ports.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)));
}

/** Every port of the range, by one rule or by several. */
function isOpen(rules: Ec2TrafficRule[], ports: PortRange, applies: (rule: Ec2TrafficRule) => boolean): boolean {
  const useful = rules.filter((rule) => ['tcp', '6', '-1'].includes(rule.protocol) && applies(rule));
  for (let port = ports.from; port <= ports.to; port += 1) {
    if (
      !useful.some(
        (rule) => rule.protocol === '-1' || ((rule.fromPort ?? 0) <= port && port <= (rule.toPort ?? 65_535)),
      )
    )
      return false;
  }
  return true;
}

/** Whether one IPv4 range lies in another; false for what is none. */
export function covers(outer: string, inner: string): boolean {
  const [a, b] = [parseRange(outer), parseRange(inner)];
  if (a === null || b === null || a.bits > b.bits) return false;
  const shift = 2 ** (32 - a.bits);
  return Math.floor(a.address / shift) === Math.floor(b.address / shift);
}

function parseRange(text: string): { address: number; bits: number } | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null) return null;
  const [a, b, c, d, bits] = match.slice(1).map(Number) as [number, number, number, number, number];
  if ([a, b, c, d].some((octet) => octet > 255) || bits > 32) return null;
  return { address: ((a * 256 + b) * 256 + c) * 256 + d, bits };
}
