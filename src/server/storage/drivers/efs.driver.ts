import { EfsSettings } from '../dto/efs-settings.dto.js';
import { notMountedYet, type SettingsProblem, type StorageDriver } from '../storage-driver.js';

/** The two rules of amazon-efs-utils' own option check (`mount_efs/__init__.py`), applied before any host meets them. */
function problems(settings: EfsSettings): SettingsProblem[] {
  if (settings.tls) return [];
  const needs = [
    settings.accessPointId ? 'mounting through an access point' : undefined,
    settings.iamAuthorization ? 'authorising with the IAM role' : undefined,
  ].filter((need) => need !== undefined);
  return needs.map((need) => ({ field: 'tls', detail: `tls must be true: ${need} works only over TLS` }));
}

export const efsDriver: StorageDriver<EfsSettings> = {
  kind: 'efs',
  settingsType: EfsSettings,
  secretFields: [],
  purposes: ['checkpoint', 'scratch'],
  fileSystemTypes: ['nfs4'],
  unavailable: notMountedYet('Amazon EFS'),
  problems,
  publicSettings: (settings) => settings,
  mountScript: () => null,
};
