import type { EnvironmentFinding } from '../environment-finding.js';

const GIB = 1024 ** 3;

/**
 * What the ECS-optimized images of Amazon Linux 2 and 2023 come with, which is what Batch starts when it is told nothing else (Amazon ECS
 * developer guide, "Storage configuration" of the ECS-optimized AMIs, docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-ami-storage-config.html).
 */
export const DEFAULT_ROOT_VOLUME_BYTES = 30 * GIB;

/**
 * What an instance needs on its root volume besides a job's image: the operating system and the ECS agent, the packed layers that Docker
 * keeps until they are unpacked, container logs. An assumption, on the safe side.
 */
export const RESERVED_BYTES = 8 * GIB;

export interface RootVolume {
  bytes: number;
  /** Where that is set, in words: `launch template jobs, version 2`. */
  source: string;
}

export interface LargestImage {
  image: string;
  /** Unpacked, as Docker counts it. */
  bytes: number;
}

/**
 * Restore begins with `docker pull` on a new instance, and the image goes to the root volume. Source of the minutes: MMBatch's
 * "Prerequisites and Considerations", managed EBS; not measured here.
 */
export function rootVolumeFindings(
  name: string,
  volume: RootVolume,
  largest: LargestImage | null,
): EnvironmentFinding[] {
  if (largest === null || largest.bytes + RESERVED_BYTES <= volume.bytes) return [];
  const needed = Math.ceil((largest.bytes + RESERVED_BYTES) / GIB);
  return [
    {
      severity: 'error',
      code: 'root-volume-too-small',
      message: `The root volume of ${name}'s instances has ${gib(volume.bytes)} (${volume.source}); its largest image in use, ${largest.image}, has ${gib(largest.bytes)}, and ${gib(RESERVED_BYTES)} go to the system and to unpacking: ${needed} GiB are needed.`,
      why: 'A new instance must pull the image before it can restore the job, and fails when the image does not fit. Pulling takes its time too: an image of 45 GB was measured to add 5 to 10 minutes to a restore.',
      remedy: `Give the launch template a root volume (/dev/xvda) of at least ${needed} GiB, or make the image smaller.`,
    },
  ];
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1).replace(/\.0$/, '')} GiB`;
}
