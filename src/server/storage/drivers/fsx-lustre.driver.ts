import { FsxLustreSettings } from '../dto/fsx-lustre-settings.dto.js';
import { networkMountScript } from '../mount-scripts/network-mount.script.js';
import type { SettingsProblem, StorageDriver } from '../storage-driver.js';
import {
  type StorageFacts,
  listPrice,
  type StorageCost,
  type ThroughputCeiling,
  unknownCost,
  unknownThroughput,
} from '../storage-economics.js';
import type { StorageRequirements } from '../storage-requirements.js';

function problems({ region, dnsName }: FsxLustreSettings): SettingsProblem[] {
  if (region !== null || dnsName !== null) return [];
  return [{ field: 'region', detail: 'region must be given, or dnsName: hosts find the file system by its DNS name' }];
}

/** docs.aws.amazon.com/fsx/latest/LustreGuide/install-lustre-client.html; client modules must fit the running kernel. */
const INSTALL_CLIENT = `    if command -v dnf >/dev/null; then dnf -q -y install lustre-client
    elif command -v amazon-linux-extras >/dev/null; then amazon-linux-extras install -y lustre
    elif command -v apt-get >/dev/null; then
      apt-get -q -y install "lustre-client-modules-$(uname -r)" || fail "no Lustre client for kernel $(uname -r): add the FSx repository for this release, as the FSx for Lustre guide says, and run this again"
    else fail 'mount.lustre is missing; install the Lustre client for this kernel'
    fi`;

/** Once mounted the server's name stands there as its address, so the mount name decides. */
function mountScript({ settings, ...storage }: Parameters<StorageDriver<object, FsxLustreSettings>['mountScript']>[0]) {
  const { fileSystemId, mountName, region, compatibilityLink } = settings;
  const dnsName = settings.dnsName ?? `${fileSystemId}.fsx.${region}.amazonaws.com`;
  return networkMountScript({
    ...storage,
    source: `${dnsName}@tcp:/${mountName}`,
    type: 'lustre',
    options: ['relatime', 'flock', '_netdev', 'nofail'],
    bootOptions: ['x-systemd.automount', 'x-systemd.requires=network.service'],
    shownAs: [`*"@tcp:/${mountName} lustre"`],
    helper: { command: 'mount.lustre', install: INSTALL_CLIENT },
    checkList: `check that ${fileSystemId} is available, and that its security group lets this host in at the ports 988 and 1018 to 1023`,
    compatibilityLink,
  });
}

function requirements(): StorageRequirements {
  return {
    iam: {
      server: [
        {
          sid: 'CheckFsx',
          actions: [
            'fsx:DescribeFileSystems',
            'ec2:DescribeNetworkInterfaces',
            'ec2:DescribeSecurityGroups',
            'ec2:DescribeSubnets',
          ],
          // None of them knows a resource: with the ARN of the file system here AWS would deny the first.
          resources: ['*'],
        },
      ],
      host: [],
    },
    cloudFormation: ['AWS::FSx::FileSystem', 'AWS::EC2::SecurityGroup'],
    ports: [
      { from: 988, to: 988, purpose: 'Lustre' },
      { from: 1018, to: 1023, purpose: 'Lustre' },
    ],
  };
}

const PERFORMANCE = 'https://docs.aws.amazon.com/fsx/latest/LustreGuide/ssd-storage.html';
const PRICING = 'https://aws.amazon.com/fsx/lustre/pricing/';
const AS_OF = '2026-11-26';
const MB = 1_000_000;
const MIB = 1024 ** 2;

/** MBps for each TiB, what disks take (`PERFORMANCE`); SCRATCH_2 has no unit of its own. */
const SCRATCH_2 = { read: 200, write: 100 };

function throughput(facts: StorageFacts | null): ThroughputCeiling {
  const { capacityGib, deploymentType, perUnitMbPerSecondPerTib } = facts ?? {};
  if (!capacityGib || !deploymentType)
    return unknownThroughput('AWS was not asked for capacity and deployment type: set region.');
  const unit = unitOf(deploymentType, perUnitMbPerSecondPerTib ?? null);
  if (unit === null)
    return unknownThroughput(`AWS names no throughput per unit of storage for this ${deploymentType} file system.`);
  const total = (perTib: number): number => Math.floor((perTib * MB * capacityGib) / 1024 / MIB);
  return {
    writeMibPerSecond: total(unit.write),
    readMibPerSecond: total(unit.read),
    source: PERFORMANCE,
    asOf: AS_OF,
    note: `${deploymentType}: ${unit.write} MB a second for each TiB of ${capacityGib} GiB, sustained.`,
  };
}

function unitOf(deploymentType: string, perUnit: number | null): { read: number; write: number } | null {
  if (deploymentType === 'SCRATCH_2') return SCRATCH_2;
  return perUnit === null || deploymentType.startsWith('SCRATCH') ? null : { read: perUnit, write: perUnit };
}

/** us-east-1, SSD. */
const PER_GIB_MONTH: Record<string, string> = { SCRATCH_2: '0.140', 'PERSISTENT_2 125': '0.145' };

function cost(region: string | null, facts: StorageFacts | null): StorageCost {
  const { deploymentType, storageType, perUnitMbPerSecondPerTib: unit } = facts ?? {};
  if (!deploymentType)
    return unknownCost('The price depends on the deployment type, for which AWS was not asked: set region.', PRICING);
  const kind = deploymentType.startsWith('SCRATCH') ? deploymentType : `${deploymentType} ${unit}`;
  const price = storageType === 'HDD' ? null : (PER_GIB_MONTH[kind] ?? null);
  const note = `List price of ${kind} on SSD, of what is provisioned.`;
  return listPrice(region, price, { source: PRICING, asOf: AS_OF, note });
}

export const fsxLustreDriver: StorageDriver<FsxLustreSettings, FsxLustreSettings> = {
  kind: 'fsx-lustre',
  settingsType: FsxLustreSettings,
  secretFields: [],
  purposes: ['checkpoint', 'scratch'],
  fileSystemTypes: ['lustre'],
  problems,
  publicSettings: (settings) => settings,
  mountScript,
  requirements,
  economics: ({ region }, facts) => ({
    throughput: throughput(facts),
    cost: cost(region, facts),
  }),
};
