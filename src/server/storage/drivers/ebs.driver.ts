import { EbsSettings, type EbsVolumeType } from '../dto/ebs-settings.dto.js';
import { ebsMountScript } from '../mount-scripts/ebs-mount.script.js';
import type { SettingsProblem, StorageDriver } from '../storage-driver.js';
import { listPrice, type ThroughputCeiling } from '../storage-economics.js';

const GIB = 1024 ** 3;

interface Limits {
  minGib: number;
  maxGib: number;
  /** Provisioned IOPS: `required`, or null where the type takes none. */
  iops: { min: number; max: number; perGib: number; required: boolean } | null;
}

/** docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html, November 2026 (gp3 as raised in September 2025). */
const LIMITS: Record<EbsVolumeType, Limits> = {
  gp2: { minGib: 1, maxGib: 16_384, iops: null },
  gp3: { minGib: 1, maxGib: 65_536, iops: { min: 3000, max: 80_000, perGib: 500, required: false } },
  io1: { minGib: 4, maxGib: 16_384, iops: { min: 100, max: 64_000, perGib: 50, required: true } },
  io2: { minGib: 4, maxGib: 65_536, iops: { min: 100, max: 256_000, perGib: 1000, required: true } },
  st1: { minGib: 125, maxGib: 16_384, iops: null },
  sc1: { minGib: 125, maxGib: 16_384, iops: null },
};
const GP3_BASE_IOPS = 3000;
const GP3_MIB_PER_IOPS = 0.25;

function problems(settings: EbsSettings): SettingsProblem[] {
  const { volumeType: type, iops, throughputMibPerSecond: throughput } = settings;
  const limits = LIMITS[type];
  const gib = settings.sizeBytes / GIB;
  const found: SettingsProblem[] = [];
  if (!Number.isInteger(gib)) {
    found.push({
      field: 'sizeBytes',
      detail: `sizeBytes must be a multiple of 1 GiB (${GIB}), not ${settings.sizeBytes}`,
    });
  } else if (gib < limits.minGib || gib > limits.maxGib) {
    found.push({
      field: 'sizeBytes',
      detail: `sizeBytes: a ${type} volume has ${limits.minGib} to ${limits.maxGib} GiB, not ${gib}`,
    });
  }
  if (limits.iops === null) {
    if (iops !== null)
      found.push({ field: 'iops', detail: `iops cannot be provisioned for a ${type} volume; leave it out` });
  } else if (iops === null) {
    if (limits.iops.required) found.push({ field: 'iops', detail: `iops must be given for a ${type} volume` });
  } else {
    // The base rate of gp3 comes with any size.
    const most = Math.max(limits.iops.min, Math.min(limits.iops.max, Math.floor(gib * limits.iops.perGib)));
    if (iops < limits.iops.min || iops > most) {
      found.push({
        field: 'iops',
        detail: `iops: a ${type} volume of ${gib} GiB takes ${limits.iops.min} to ${most}, not ${iops}`,
      });
    }
  }
  if (throughput !== null) {
    const most = Math.floor((iops ?? GP3_BASE_IOPS) * GP3_MIB_PER_IOPS);
    if (type !== 'gp3') {
      found.push({
        field: 'throughputMibPerSecond',
        detail: `throughputMibPerSecond can be provisioned for gp3 only, not for ${type}; leave it out`,
      });
    } else if (throughput > most) {
      found.push({
        field: 'throughputMibPerSecond',
        detail: `throughputMibPerSecond: ${iops ?? GP3_BASE_IOPS} iops carry at most ${most} MiB a second, not ${throughput}`,
      });
    }
  }
  return found;
}

const SOURCE = 'https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html';
const AS_OF = '2026-11-26';
/** Of a volume, MiB a second (`SOURCE`); gp3 is what is provisioned. */
const THROUGHPUT: Record<Exclude<EbsVolumeType, 'gp3'>, number> = {
  gp2: 250,
  io1: 1000,
  io2: 4000,
  st1: 500,
  sc1: 250,
};
const GP3_BASE_MIB = 125;
/** us-east-1; null: not looked up. */
const PER_GIB_MONTH: Record<EbsVolumeType, string | null> = {
  gp2: '0.10',
  gp3: '0.08',
  io1: '0.125',
  io2: '0.125',
  st1: null,
  sc1: null,
};

function throughput({ volumeType: type, throughputMibPerSecond }: EbsSettings): ThroughputCeiling {
  const most = type === 'gp3' ? (throughputMibPerSecond ?? GP3_BASE_MIB) : THROUGHPUT[type];
  const note =
    type === 'gp3'
      ? 'As provisioned, for each volume.'
      : `The most a volume of type ${type} carries; smaller ones, fewer IOPS and smaller instances carry less.`;
  return { writeMibPerSecond: most, readMibPerSecond: most, source: SOURCE, asOf: AS_OF, note };
}

/** A volume belongs to one instance in one zone and dies or stays with it: good for scratch, useless for images that must outlive the host. */
export const ebsDriver: StorageDriver<EbsSettings, EbsSettings> = {
  kind: 'ebs',
  settingsType: EbsSettings,
  secretFields: [],
  purposes: ['scratch'],
  fileSystemTypes: ['ext4', 'xfs'],
  problems,
  publicSettings: (settings) => settings,
  mountScript: ({ settings, ...storage }) => ebsMountScript(storage, settings),
  // The launch template attaches the volume: neither the server nor the host asks AWS for anything.
  requirements: () => ({ iam: { server: [], host: [] }, cloudFormation: ['AWS::EC2::LaunchTemplate'], ports: [] }),
  economics: (settings) => ({
    throughput: throughput(settings),
    cost: listPrice(null, PER_GIB_MONTH[settings.volumeType], {
      source: 'https://aws.amazon.com/ebs/pricing/',
      asOf: AS_OF,
      note: 'List price of the volume; provisioned IOPS and throughput are paid besides.',
    }),
  }),
};
