/** What an operation does. */
export const OPERATION_TYPES = [
  'checkpoint',
  'restore',
  'verify-checkpoint',
  'delete-checkpoint',
  'verify-storage',
  'sync-environment',
  'preflight',
  'update-launch-template',
] as const;
export type OperationType = (typeof OPERATION_TYPES)[number];

/** Kind of resource an operation is about, and where such a resource is read. */
export const OPERATION_RESOURCES = {
  checkpoint: '/api/v1/checkpoints',
  restore: '/api/v1/restores',
  storage: '/api/v1/storages',
  'compute-environment': '/api/v1/compute-environments',
  preflight: '/api/v1/preflights',
} as const;
export type OperationResource = keyof typeof OPERATION_RESOURCES;
