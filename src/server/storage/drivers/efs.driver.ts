import { EfsSettings } from '../dto/efs-settings.dto.js';
import { installPackages, networkMountScript } from '../mount-scripts/network-mount.script.js';
import type { SettingsProblem, StorageDriver } from '../storage-driver.js';
import {
  type StorageCost,
  type StorageFacts,
  type ThroughputCeiling,
  unknownThroughput,
  listPrice,
} from '../storage-economics.js';
import { arn, type StorageRequirements } from '../storage-requirements.js';

/** The two rules of amazon-efs-utils' own option check (`mount_efs/__init__.py`), applied before any host meets them. */
function problems(settings: EfsSettings): SettingsProblem[] {
  if (settings.tls) return [];
  const needs = [
    settings.accessPointId ? 'mounting through an access point' : undefined,
    settings.iamAuthorization ? 'authorising with the IAM role' : undefined,
  ].filter((need) => need !== undefined);
  return needs.map((need) => ({ field: 'tls', detail: `tls must be true: ${need} works only over TLS` }));
}

/**
 * Over TLS the helper mounts from its own proxy on this host, `127.0.0.1:/`, whichever file system that leads to; which it is
 * stands in the helper's state file, named `<file system>.<mount point with dots>.<port>` (`mount_efs/__init__.py`).
 */
function mountScript({ settings, ...storage }: Parameters<StorageDriver<EfsSettings, EfsSettings>['mountScript']>[0]) {
  const { fileSystemId, accessPointId, tls, iamAuthorization, region } = settings;
  const dotted = storage.mountPath.slice(1).replaceAll('/', '.');
  return networkMountScript({
    ...storage,
    source: `${fileSystemId}:/`,
    type: 'efs',
    options: [
      '_netdev',
      'nofail',
      ...(tls ? ['tls'] : []),
      ...(iamAuthorization ? ['iam'] : []),
      ...(accessPointId === null ? [] : [`accesspoint=${accessPointId}`]),
      ...(region === null ? [] : [`region=${region}`]),
    ],
    shownAs: tls ? ['"127.0.0.1:/ nfs4"'] : [`"${fileSystemId}."*":/ nfs4"`],
    ...(tls ? { proof: `ls /run/efs/${fileSystemId}.${dotted}.* >/dev/null 2>&1; return $?` } : {}),
    helper: { command: 'mount.efs', install: installPackages('mount.efs', 'amazon-efs-utils', null) },
    checkList: `check that ${fileSystemId} has a mount target in this host's zone, and that its security group lets this host in at port 2049`,
    compatibilityLink: settings.compatibilityLink,
  });
}

function requirements({ fileSystemId, accessPointId, iamAuthorization, region }: EfsSettings): StorageRequirements {
  const fileSystem = arn('elasticfilesystem', region, `file-system/${fileSystemId}`);
  const accessPoint = accessPointId && arn('elasticfilesystem', region, `access-point/${accessPointId}`);
  return {
    iam: {
      server: [
        {
          sid: 'CheckEfs',
          actions: [
            'elasticfilesystem:DescribeFileSystems',
            'elasticfilesystem:DescribeMountTargets',
            'elasticfilesystem:DescribeMountTargetSecurityGroups',
            ...(accessPoint ? ['elasticfilesystem:DescribeAccessPoints'] : []),
          ],
          resources: [fileSystem, ...(accessPoint ? [accessPoint] : [])],
        },
        {
          sid: 'CheckEfsNetwork',
          actions: ['ec2:DescribeSecurityGroups', 'ec2:DescribeSubnets'],
          resources: ['*'],
        },
      ],
      // Without IAM authorisation a mount asks no permission of anyone.
      host: iamAuthorization
        ? [
            {
              sid: 'MountEfs',
              actions: [
                'elasticfilesystem:ClientMount',
                'elasticfilesystem:ClientWrite',
                'elasticfilesystem:ClientRootAccess',
              ],
              resources: [fileSystem],
            },
          ]
        : [],
    },
    cloudFormation: [
      'AWS::EFS::FileSystem',
      'AWS::EFS::MountTarget',
      ...(accessPointId === null ? [] : ['AWS::EFS::AccessPoint']),
      'AWS::EC2::SecurityGroup',
    ],
    ports: [{ from: 2049, to: 2049, purpose: 'NFS' }],
  };
}

const LIMITS = 'https://docs.aws.amazon.com/efs/latest/ug/limits.html';
const PERFORMANCE = 'https://docs.aws.amazon.com/efs/latest/ug/performance.html';
const AS_OF = '2026-11-26';
/** Regions with the higher default quota of elastic throughput ({@link LIMITS}, "Total default Elastic throughput"). */
const FAST = [
  ...['us-east-1', 'us-east-2', 'us-west-2', 'ap-south-1', 'ap-northeast-1', 'ap-northeast-2'],
  ...['ap-southeast-1', 'ap-southeast-2', 'eu-central-1', 'eu-west-1', 'eu-west-2'],
];

function throughput(region: string | null, facts: StorageFacts | null): ThroughputCeiling {
  if (!facts?.throughputMode) return unknownThroughput('AWS was not asked for the throughput mode: set region.');
  if (facts.throughputMode === 'elastic') return elastic(region, facts.availabilityZone ?? null);
  const provisioned = facts.provisionedMibPerSecond ?? null;
  if (facts.throughputMode === 'provisioned' && provisioned !== null) {
    return {
      writeMibPerSecond: provisioned,
      readMibPerSecond: provisioned * 3,
      source: PERFORMANCE,
      asOf: AS_OF,
      note: 'Provisioned throughput: reads count a third of writes.',
    };
  }
  return unknownThroughput(
    `Throughput mode ${facts.throughputMode}: it follows from how much is stored and from credits. Use elastic for checkpoints.`,
  );
}

function elastic(region: string | null, availabilityZone: string | null): ThroughputCeiling {
  if (availabilityZone !== null) {
    const note = 'One Zone file system: the most over all hosts; each host gets less.';
    return { writeMibPerSecond: 1024, readMibPerSecond: 3 * 1024, source: PERFORMANCE, asOf: AS_OF, note };
  }
  const fast = region !== null && FAST.includes(region);
  return {
    writeMibPerSecond: (fast ? 5 : 1) * 1024,
    readMibPerSecond: (fast ? 60 : 20) * 1024,
    source: LIMITS,
    asOf: AS_OF,
    note: 'Elastic throughput: default quota of the file system over all hosts; each host gets less.',
  };
}

const PRICING = 'https://aws.amazon.com/efs/pricing/';
const NOTE =
  'List price of the Standard storage class of a Regional file system; elastic throughput is paid for what is read and written, besides.';

function cost(region: string | null, facts: StorageFacts | null): StorageCost {
  return listPrice(region, facts?.availabilityZone ? null : '0.30', { source: PRICING, asOf: AS_OF, note: NOTE });
}

export const efsDriver: StorageDriver<EfsSettings, EfsSettings> = {
  kind: 'efs',
  settingsType: EfsSettings,
  secretFields: [],
  purposes: ['checkpoint', 'scratch'],
  fileSystemTypes: ['nfs4'],
  problems,
  publicSettings: (settings) => settings,
  mountScript,
  requirements,
  economics: ({ region }, facts) => ({ throughput: throughput(region, facts), cost: cost(region, facts) }),
};
