/** What a storage can be. The order is that of the documentation: what an AWS user reaches for first. */
export const STORAGE_KINDS = ['efs', 'juicefs', 'fsx-lustre', 'ebs', 'nfs', 'local'] as const;
export type StorageKind = (typeof STORAGE_KINDS)[number];

/** `checkpoint`: images, so it must be reachable from the next host too. `scratch`: a job's own working space. */
export const STORAGE_PURPOSES = ['checkpoint', 'scratch'] as const;
export type StoragePurpose = (typeof STORAGE_PURPOSES)[number];
