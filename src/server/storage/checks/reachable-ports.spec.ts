import type { Ec2SecurityGroup, Ec2TrafficRule } from '../../aws/ec2-network.api.js';
import { blockedPorts, covers, describePorts, type NetworkPath } from './reachable-ports.js';

const rule = (changes: Partial<Ec2TrafficRule> = {}): Ec2TrafficRule => ({
  protocol: 'tcp',
  fromPort: 2049,
  toPort: 2049,
  securityGroupIds: [],
  cidrs: [],
  prefixListIds: [],
  ...changes,
});
const OUT = rule({ protocol: '-1', fromPort: null, toPort: null, cidrs: ['0.0.0.0/0'] });
const group = (id: string, ingress: Ec2TrafficRule[] = [], egress: Ec2TrafficRule[] = [OUT]): Ec2SecurityGroup => ({
  id,
  vpcId: 'vpc-1',
  ingress,
  egress,
});
const HOSTS = group('sg-hosts');
const path = (ingress: Ec2TrafficRule[], changes: Partial<NetworkPath> = {}): NetworkPath => ({
  storage: 'it',
  ports: [{ from: 2049, to: 2049 }],
  storageGroups: [group('sg-storage', ingress)],
  hostGroups: [HOSTS],
  hostRanges: ['10.0.0.0/24', '10.0.1.0/24'],
  ...changes,
});
const fromHosts = { securityGroupIds: ['sg-hosts'] };

describe('a way to a storage is open', () => {
  it.each<[string, Ec2TrafficRule[]]>([
    ['by the group of the hosts', [rule(fromHosts)]],
    ['by a wider range of ports', [rule({ ...fromHosts, fromPort: 0, toPort: 65_535 })]],
    ['by all protocols', [rule({ ...fromHosts, protocol: '-1', fromPort: null, toPort: null })]],
    ['by the number of TCP', [rule({ ...fromHosts, protocol: '6' })]],
    ['by all addresses', [rule({ cidrs: ['0.0.0.0/0'] })]],
    ['by the range of all subnets', [rule({ cidrs: ['10.0.0.0/16'] })]],
    ['by a range for each subnet', [rule({ cidrs: ['10.0.0.0/24', '10.0.1.0/24'] })]],
    ['by a prefix list, whatever is in it', [rule({ prefixListIds: ['pl-1'] })]],
  ])('%s', (_, ingress) => {
    expect(blockedPorts(path(ingress))).toEqual([]);
  });

  it('by one of several groups on either side', () => {
    const storageGroups = [group('sg-1'), group('sg-2', [rule({ securityGroupIds: ['sg-b'] })])];
    expect(blockedPorts(path([], { storageGroups, hostGroups: [group('sg-a'), group('sg-b')] }))).toEqual([]);
  });

  it('where the storage has no groups to ask', () => {
    expect(blockedPorts(path([], { storageGroups: [] }))).toEqual([]);
  });
});

describe('a way to a storage is closed', () => {
  it.each<[string, Ec2TrafficRule[]]>([
    ['without a rule', []],
    ['by another group', [rule({ securityGroupIds: ['sg-others'] })]],
    ['by another port', [rule({ ...fromHosts, fromPort: 22, toPort: 22 })]],
    ['by another protocol', [rule({ ...fromHosts, protocol: 'udp' })]],
    ['by the range of some subnets only', [rule({ cidrs: ['10.0.0.0/24'] })]],
  ])('%s', (_, ingress) => {
    expect(blockedPorts(path(ingress))).toEqual([
      expect.objectContaining({
        code: 'port-blocked',
        severity: 'error',
        message: expect.stringContaining('TCP 2049'),
      }),
    ]);
  });

  it('by the way out of the hosts', () => {
    const closed = path([rule(fromHosts)], { hostGroups: [group('sg-hosts', [], [])] });
    expect(blockedPorts(closed)).toEqual([
      expect.objectContaining({ remedy: 'Add an outbound rule to sg-hosts: TCP 2049, destination sg-storage.' }),
    ]);
  });

  it('in one port of a range', () => {
    const ingress = [
      rule({ ...fromHosts, fromPort: 1018, toPort: 1021 }),
      rule({ ...fromHosts, fromPort: 1023, toPort: 1023 }),
    ];
    const ports = [{ from: 1018, to: 1023 }];
    expect(blockedPorts(path(ingress, { ports }))[0]!.message).toContain('in at TCP 1018-1023.');
  });
});

describe('ranges of addresses', () => {
  it.each([
    ['10.0.0.0/16', '10.0.255.0/24', true],
    ['10.0.0.0/24', '10.0.0.0/24', true],
    ['0.0.0.0/0', '203.0.113.0/24', true],
    ['192.168.0.0/16', '192.168.0.0/15', false],
    ['10.0.0.0/16', '10.1.0.0/24', false],
    ['10.0.0.1/32', '10.0.0.0/24', false],
    ['300.0.0.0/8', '10.0.0.0/24', false],
    ['::/0', '10.0.0.0/24', false],
    ['10.0.0.0/16', '', false],
  ])('%s covers %j: %s', (outer, inner, expected) => {
    expect(covers(outer, inner)).toBe(expected);
  });

  it('of ports are said in words', () => {
    expect(
      describePorts([
        { from: 988, to: 988 },
        { from: 1018, to: 1023 },
      ]),
    ).toBe('988 and 1018-1023');
  });
});
