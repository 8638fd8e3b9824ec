import type { Finding } from '../common/finding.js';

export const STORAGE_FINDING_CODES = [
  'storage-missing',
  'storage-not-available',
  'storage-wrong-type',
  'storage-not-encrypted',
  'storage-not-replicated',
  'storage-single-zone',
  'storage-unchecked',
  'access-point-unusable',
  'mount-target-missing',
  'mount-target-not-available',
  'different-vpc',
  'port-blocked',
  'bucket-elsewhere',
  'bucket-public',
  'metadata-not-encrypted',
  'metadata-unknown',
  'metadata-not-available',
  'storage-failed',
  'storage-unverified',
  'storage-not-shared',
  'storage-sharing-unproven',
  'storage-on-instance-disk',
] as const;
export type StorageFindingCode = (typeof STORAGE_FINDING_CODES)[number];

export type StorageFinding = Finding<StorageFindingCode>;
