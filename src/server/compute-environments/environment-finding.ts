import type { Finding } from '../common/finding.js';

export const ENVIRONMENT_FINDING_CODES = [
  'no-storage',
  'storage-unverified',
  'storage-sharing-unproven',
  'storage-not-shared',
  'storage-on-instance-disk',
  'storage-failed',
  'no-hosts-online',
  'checkpointing-off',
  'checkpointing-manual',
  'interval-shorter-than-notice',
  'single-checkpoint-kept',
  'no-instance-types',
  'mixed-architectures',
  'mixed-instance-families',
  'instance-type-not-allowed',
  'host-storage-not-ready',
  'host-check-failed',
  'image-not-portable',
] as const;
export type EnvironmentFindingCode = (typeof ENVIRONMENT_FINDING_CODES)[number];

export type EnvironmentFinding = Finding<EnvironmentFindingCode>;
