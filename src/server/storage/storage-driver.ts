import type { Type } from '@nestjs/common';
import type { StorageEconomics, StorageFacts } from './storage-economics.js';
import type { StorageKind, StoragePurpose } from './storage-kind.js';
import type { StorageRequirements } from './storage-requirements.js';

/** A storage as its mount script sees it. `settings` are the public ones, complete: no secret can come into a script. */
export interface MountedStorage<P extends object> {
  id: string;
  name: string;
  mountPath: string;
  settings: P;
}

/** One thing wrong with a storage's settings. `field` is a field of the settings class. */
export interface SettingsProblem {
  field: string;
  /** What is wrong and what would be right, one sentence. Never quotes a secret. */
  detail: string;
}

/**
 * What the server knows about one kind of storage. A new kind is one implementation, one settings class and one line in
 * `storage-drivers.ts`; what it asks AWS is a `StorageCheck` of its own (`checks/`).
 *
 * Contract:
 * - Every member is pure: no network, no disk, no clock. What a host sees of a storage is measured by its agent
 *   (heartbeats, verifications), never guessed here.
 * - `problems` is called with settings that already satisfy the decorators of `settingsType`; it adds the rules that
 *   span fields. It returns all problems, not the first.
 * - `publicSettings` is what the API answers. It holds no field of `secretFields` nor anything a secret can be
 *   derived from.
 * - `mountScript` is called only with settings without problems. It returns a POSIX shell script that may be run again
 *   at any time, never deletes data, never mounts over files, and never makes a file system where there is one.
 * - `requirements` names exact actions, no wildcards; resources are as narrow as the settings allow.
 */
export interface StorageDriver<S extends object = object, P extends object = object> {
  readonly kind: StorageKind;
  /** The class whose decorators validate a request's `settings` and document them. Property initialisers are the defaults. */
  readonly settingsType: Type<S>;
  /** Fields of the settings that are written but never read back; kept encrypted in a column of their own. */
  readonly secretFields: readonly (keyof S & string)[];
  readonly purposes: readonly StoragePurpose[];
  /** File-system types in `/proc/mounts` that prove the right thing is mounted. Empty: any, and no mount point is needed. */
  readonly fileSystemTypes: readonly string[];
  problems(settings: S): SettingsProblem[];
  publicSettings(settings: S): P;
  mountScript(storage: MountedStorage<P>): string;
  requirements(settings: P): StorageRequirements;
  /** `facts` null: AWS was not asked. */
  economics(settings: P, facts: StorageFacts | null): StorageEconomics;
}
