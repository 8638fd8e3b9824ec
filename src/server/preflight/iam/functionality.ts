import type { StorageKind } from '../../storage/storage-kind.js';

/** What permissions are for. The first two are what the product's prerequisites name; the others are what this server does in AWS. */
export const FUNCTIONALITIES = [
  'dashboard',
  'auto-ebs',
  'registration',
  'batch-sync',
  'instance-types',
  'quotas',
  'launch-templates',
  'events',
  'storage-efs',
  'storage-juicefs',
  'storage-fsx-lustre',
  'other-accounts',
  'iam-simulation',
  'iam-policies',
] as const;
export type Functionality = (typeof FUNCTIONALITIES)[number];

/** What is checked where nothing else is asked for; the kinds of storage in use come on top. */
export const DEFAULT_FUNCTIONALITIES: readonly Functionality[] = [
  'dashboard',
  'auto-ebs',
  'registration',
  'batch-sync',
  'instance-types',
  'quotas',
  'launch-templates',
];

/** null: such a storage needs nothing of AWS. */
export const STORAGE_FUNCTIONALITY: Readonly<Record<StorageKind, Functionality | null>> = {
  efs: 'storage-efs',
  juicefs: 'storage-juicefs',
  'fsx-lustre': 'storage-fsx-lustre',
  ebs: null,
  nfs: null,
  local: null,
};
