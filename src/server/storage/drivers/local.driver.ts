import { LocalSettings } from '../dto/local-settings.dto.js';
import { localMountScript } from '../mount-script.js';
import type { StorageDriver } from '../storage-driver.js';

/** A directory every host reaches under the same path by the user's own means. Nothing proves that it is shared but a verification. */
export const localDriver: StorageDriver<LocalSettings> = {
  kind: 'local',
  settingsType: LocalSettings,
  secretFields: [],
  purposes: ['checkpoint', 'scratch'],
  fileSystemTypes: [],
  unavailable: null,
  problems: () => [],
  publicSettings: (settings) => settings,
  mountScript: (storage) => localMountScript(storage),
};
