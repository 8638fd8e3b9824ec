import type { StorageHealth } from '../../protocol/agent-api.js';
import { type Finding, list } from '../common/finding.js';
import type { StorageKind } from './storage-kind.js';
import type { StorageStatus } from './storage-status.js';

/** A host that is online, as it last reported itself. */
export interface SharingHost {
  id: string;
  name: string;
  health: StorageHealth | null;
  /** A machine of a cloud, whose disks go with it. */
  isInstance: boolean;
}

export interface SharedStorage {
  id: string;
  name: string;
  kind: StorageKind;
  status: StorageStatus;
  /** Who took part in the last verification. */
  verifiedHostIds: string[];
}

export type SharingFinding = Finding<
  | 'storage-not-shared'
  | 'storage-sharing-unproven'
  | 'storage-on-instance-disk'
  | 'storage-failed'
  | 'storage-unverified'
>;

/** File systems of one machine. What is mounted from elsewhere has another type. */
const OF_ONE_MACHINE = /^(ext[234]|xfs|btrfs|f2fs|zfs|overlay|tmpfs|ramfs|vfat)$/;

/**
 * Whether the hosts online are shown to share the storage: by a verification, or since one read the other's canary. Proof goes
 * on: who shares with a second host that shares with a third shares with the third.
 */
export function sharingFindings(storage: SharedStorage, online: readonly SharingHost[]): SharingFinding[] {
  const { name, status } = storage;
  const verify = `POST /api/v1/storages/{id}/verifications for ${name}`;
  if (status.state === 'failed') {
    return [
      {
        severity: 'error',
        code: 'storage-failed',
        message: `The last verification of storage ${name} failed. ${status.message}`,
        why: 'Checkpoints of jobs on those hosts fail.',
        remedy: `Run the storage's mount script on the hosts named, then ${verify}.`,
      },
    ];
  }
  const groups = sharingGroups(storage, online);
  const disks = online.flatMap((host) => instanceDisk(storage, host, groups, online.length));
  if (status.state === 'not-shared') return [...disks, notShared(status, verify)];
  if (groups.length > 1) return [...disks, unproven(storage, groups, online.length, verify)];
  if (disks.length > 0 || status.state === 'shared' || online.length > 1) return disks;
  return [
    {
      severity: 'info',
      code: 'storage-unverified',
      message: status.message,
      why: 'Before it is written to by one host and read by another, a storage is only a promise.',
      remedy: `With two hosts online, ${verify}.`,
    },
  ];
}

/** Hosts that are shown to share the storage with each other, the largest group first. */
export function sharingGroups(
  { id, status, verifiedHostIds }: Pick<SharedStorage, 'id' | 'status' | 'verifiedHostIds'>,
  online: readonly SharingHost[],
): SharingHost[][] {
  const verified = status.state === 'shared' ? verifiedHostIds : [];
  // A host that is gone still links those that read its canary.
  const parent = new Map<string, string>();
  const root = (host: string): string => {
    let at = host;
    while (parent.get(at) !== undefined) at = parent.get(at)!;
    return at;
  };
  const join = (one: string, other: string): void => {
    const [a, b] = [root(one), root(other)];
    if (a !== b) parent.set(a, b);
  };
  for (const host of verified.slice(1)) join(verified[0]!, host);
  for (const { id: hostId, health } of online) {
    if (health?.storageId === id && health.ready) for (const seen of health.seesHosts ?? []) join(hostId, seen);
  }
  return [...Map.groupBy(online, (host) => root(host.id)).values()].toSorted((a, b) => b.length - a.length);
}

function instanceDisk(
  storage: SharedStorage,
  host: SharingHost,
  groups: readonly SharingHost[][],
  onlineCount: number,
): SharingFinding[] {
  const fileSystem = host.health?.storageId === storage.id ? host.health.fileSystem : null;
  if (!fileSystem || !OF_ONE_MACHINE.test(fileSystem.type)) return [];
  // Two agents of one machine do share its disk; a single machine that is no instance keeps its own.
  const alone = groups.some((group) => group.length === 1 && group[0] === host);
  if (!alone || (!host.isInstance && onlineCount === 1)) return [];
  return [
    {
      severity: 'error',
      code: 'storage-on-instance-disk',
      message: `On host ${host.name} storage ${storage.name} lies on ${fileSystem.source} (${fileSystem.type}), a disk of that host.`,
      why: 'A Spot reclaim takes the disk and every checkpoint on it: the job starts from the beginning.',
      remedy:
        'Mount a shared file system (efs, juicefs, fsx-lustre or nfs) at the mount path on every host: GET /api/v1/storages/{id}/mount-script.',
    },
  ];
}

function notShared(status: StorageStatus, verify: string): SharingFinding {
  return {
    severity: 'error',
    code: 'storage-not-shared',
    message: status.message,
    why: 'An image written on one host is not there on the next: after a Spot reclaim the job starts from the beginning.',
    remedy: `Mount the same file system at the same path on every host, then ${verify}.`,
  };
}

function unproven(
  { name, kind, status }: SharedStorage,
  groups: readonly SharingHost[][],
  onlineCount: number,
  verify: string,
): SharingFinding {
  const [largest, ...others] = groups;
  const which =
    largest!.length > 1 || status.state === 'shared'
      ? `with ${list(others.flat().map((host) => host.name))}`
      : `between the ${onlineCount} hosts online`;
  return {
    severity: 'error',
    code: 'storage-sharing-unproven',
    message: `Storage ${name} (${kind}) has not been shown to be shared ${which}.`,
    why: 'If it is not, images die with the host that wrote them, and nobody notices before a restore is needed.',
    remedy: `Hosts look for each other's files every minute; if this stays, see that the same file system is mounted on all of them, then ${verify}.`,
  };
}
