import { ebsDriver } from './drivers/ebs.driver.js';
import { efsDriver } from './drivers/efs.driver.js';
import { fsxLustreDriver } from './drivers/fsx-lustre.driver.js';
import { juicefsDriver } from './drivers/juicefs.driver.js';
import { localDriver } from './drivers/local.driver.js';
import { nfsDriver } from './drivers/nfs.driver.js';
import type { StorageDriver } from './storage-driver.js';
import type { StorageKind } from './storage-kind.js';

const DRIVERS = {
  efs: efsDriver,
  juicefs: juicefsDriver,
  'fsx-lustre': fsxLustreDriver,
  ebs: ebsDriver,
  nfs: nfsDriver,
  local: localDriver,
} satisfies Record<StorageKind, { kind: StorageKind }>;

/** Callers hold settings that came through this very driver's validation, so its own settings type is what they are. */
export function driverOf(kind: StorageKind): StorageDriver {
  return DRIVERS[kind] as unknown as StorageDriver;
}
