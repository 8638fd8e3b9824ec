import type { Type } from '@nestjs/common';
import type { StorageKind, StoragePurpose } from './storage-kind.js';

/** A storage as its driver sees it. `settings` is complete: defaults filled in, secrets included. */
export interface DrivenStorage<S extends object> {
  id: string;
  name: string;
  mountPath: string;
  settings: S;
}

/** One thing wrong with a storage's settings. `field` is a field of the settings class. */
export interface SettingsProblem {
  field: string;
  /** What is wrong and what would be right, one sentence. Never quotes a secret. */
  detail: string;
}

/**
 * What the server knows about one kind of storage. A new kind is one implementation, one settings class and one line in
 * `storage-drivers.ts`.
 *
 * Contract:
 * - Every member is pure: no network, no disk, no clock. What a host sees of a storage is measured by its agent
 *   (heartbeats, verifications), never guessed here.
 * - `problems` is called with settings that already satisfy the decorators of `settingsType`; it adds the rules that
 *   span fields. It returns all problems, not the first.
 * - `mountScript` is called only with settings without problems. It returns a POSIX shell script that may be run again
 *   at any time, never deletes data, and never mounts over files; or null when this release does not mount the kind.
 * - `publicSettings` is what the API answers. It holds no field of `secretFields` nor anything a secret can be
 *   derived from.
 */
export interface StorageDriver<S extends object = object> {
  readonly kind: StorageKind;
  /** The class whose decorators validate a request's `settings` and document them. Property initialisers are the defaults. */
  readonly settingsType: Type<S>;
  /** Fields of the settings that are written but never read back; kept in a column of their own. */
  readonly secretFields: readonly (keyof S & string)[];
  readonly purposes: readonly StoragePurpose[];
  /** File-system types in `/proc/mounts` that prove the right thing is mounted. Empty: any, and no mount point is needed. */
  readonly fileSystemTypes: readonly string[];
  /** null when this release mounts and uses the kind; otherwise a sentence saying what it does not do. */
  readonly unavailable: string | null;
  problems(settings: S): SettingsProblem[];
  publicSettings(settings: S): object;
  mountScript(storage: DrivenStorage<S>): string | null;
}

/** The words for a kind whose configuration is kept but which nothing mounts yet. */
export function notMountedYet(product: string): string {
  return (
    `This release of Batchpoint checks and stores the configuration of ${product} but does not mount it: ` +
    `no host will use it. For checkpoints use a storage of kind nfs or local.`
  );
}
