import { mergePatch } from '../common/merge-patch.js';
import { validationFailed } from '../common/validation.js';
import { validateSettings } from './settings-validation.js';
import { driverOf } from './storage-drivers.js';
import type { StorageKind } from './storage-kind.js';

export interface CheckedSettings {
  /** Without the driver's `secretFields`. */
  settings: Record<string, unknown>;
  secrets: Record<string, unknown>;
  publicSettings: Record<string, unknown>;
}

/** Validates, and takes settings apart into what is shown, what is kept, and what is kept secret. Throws `validation-failed`. */
export function checkedSettings(kind: StorageKind, input: unknown): CheckedSettings {
  const driver = driverOf(kind);
  const { settings, errors } = validateSettings(driver, input);
  if (settings === null) throw validationFailed(errors);
  const secretFields: readonly string[] = driver.secretFields;
  const entries = Object.entries(settings);
  return {
    settings: Object.fromEntries(entries.filter(([field]) => !secretFields.includes(field))),
    secrets: Object.fromEntries(entries.filter(([field]) => secretFields.includes(field))),
    publicSettings: { ...driver.publicSettings(settings) },
  };
}

/** `patch` over what is stored: null puts a field back to its default. */
export function patchedSettings(kind: StorageKind, current: object, patch: Record<string, unknown>): CheckedSettings {
  return checkedSettings(kind, mergePatch(current as Record<string, unknown>, patch));
}
