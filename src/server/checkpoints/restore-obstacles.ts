import { type ImageNeeds, incompatibilities } from '../../protocol/compatibility.js';
import type { FailureCode } from '../../protocol/failure.js';
import type { HostView } from '../hosts/hosts.service.js';
import type { Checkpoint } from './checkpoint.entity.js';

export interface RestoreObstacle {
  code: FailureCode;
  message: string;
  remedy: string;
}

/** A checkpoint that has an image. */
export type CommittedCheckpoint = Pick<Checkpoint, 'id' | 'hostId'> & {
  storageId: string;
  hostFacts: NonNullable<Checkpoint['hostFacts']>;
  image: NonNullable<Checkpoint['image']>;
};

/** What of a checkpoint decides where it can go. */
export function imageNeeds({ hostFacts, hostId, image }: CommittedCheckpoint): ImageNeeds {
  return { host: { ...hostFacts, hostId }, residentBytes: image.residentBytes, gpus: image.gpus ?? [] };
}

/** Every reason why this image cannot restore on that host now: its CPU, memory, GPU, kernel and tools, and the state it is in. */
export function restoreObstacles(checkpoint: CommittedCheckpoint, host: HostView): RestoreObstacle[] {
  const found: RestoreObstacle[] = [...incompatibilities(imageNeeds(checkpoint), host.facts)];
  if (host.status !== 'online') {
    const since = host.lastHeartbeatAt === null ? 'ever' : `since ${host.lastHeartbeatAt.toISOString()}`;
    found.push({
      code: 'host-offline',
      message: `the host has not been heard of ${since}`,
      remedy: 'start its agent, or choose another host',
    });
  }
  if (host.draining) {
    found.push({
      code: 'host-not-ready',
      message: 'the host is being drained',
      remedy: 'set draining to false, or choose another host',
    });
  }
  const problem = storageProblem(checkpoint.storageId, host);
  if (problem !== undefined) found.push({ code: 'storage-not-mounted', ...problem });
  return found;
}

/** Why the host cannot reach images on this storage; undefined when it can. */
export function storageProblem(
  storageId: string,
  { storage }: HostView,
): { message: string; remedy: string } | undefined {
  if (storage === null) {
    return {
      message: 'the host has not reported on its storage',
      remedy: 'give its compute environment a storage and start its agent',
    };
  }
  if (storage.storageId !== storageId) {
    return {
      message: `the image is on storage ${storageId}, the host uses ${storage.storageId}`,
      remedy: 'choose a host of a compute environment with the same storage',
    };
  }
  if (!storage.ready) {
    return {
      message: `the storage is not ready on the host: ${storage.reason ?? 'no reason given'}`,
      remedy: 'mount it; `batchpoint doctor` on the host tells more',
    };
  }
  return undefined;
}
