import { driverOf } from './storage-drivers.js';
import type { StorageKind } from './storage-kind.js';
import { STORAGE_VERDICTS, type StorageVerification } from './storage-verification.js';

/** A verdict, or why there is none. */
export const STORAGE_STATES = ['host-only', 'unverified', ...STORAGE_VERDICTS] as const;
export type StorageState = (typeof STORAGE_STATES)[number];

export interface StorageStatus {
  state: StorageState;
  message: string;
  /** When this was last known to be so; null when nothing was measured. */
  checkedAt: string | null;
}

/** What is known of a storage. Nothing counts as working that was not written and read back. */
export function storageStatus(storage: {
  kind: StorageKind;
  lastVerification: StorageVerification | null;
}): StorageStatus {
  if (!driverOf(storage.kind).purposes.includes('checkpoint')) {
    return {
      state: 'host-only',
      message:
        'Each host has a volume of its own, mounted by the mount script: scratch space for the jobs there. Nothing is shared, so there is ' +
        'nothing to verify, and the server is not told whether it is mounted.',
      checkedAt: null,
    };
  }
  const last = storage.lastVerification;
  if (last === null) {
    return {
      state: 'unverified',
      message:
        'No host has written to this storage and read it back since it was set up or changed: start a verification.',
      checkedAt: null,
    };
  }
  return { state: last.verdict, message: last.message, checkedAt: last.finishedAt };
}
