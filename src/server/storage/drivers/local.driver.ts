import { LocalSettings } from '../dto/local-settings.dto.js';
import { localMountScript } from '../mount-scripts/local-mount.script.js';
import type { StorageDriver } from '../storage-driver.js';
import { unknownCost, unknownThroughput } from '../storage-economics.js';

/** A directory every host reaches under the same path by the user's own means. Nothing proves that it is shared but the hosts' canaries. */
export const localDriver: StorageDriver<LocalSettings, LocalSettings> = {
  kind: 'local',
  settingsType: LocalSettings,
  secretFields: [],
  purposes: ['checkpoint', 'scratch'],
  fileSystemTypes: [],
  problems: () => [],
  publicSettings: (settings) => settings,
  mountScript: (storage) => localMountScript(storage),
  requirements: () => ({ iam: { server: [], host: [] }, cloudFormation: [], ports: [] }),
  economics: () => ({
    throughput: unknownThroughput('It is that of what lies under the directory.'),
    cost: unknownCost('It is that of what lies under the directory.'),
  }),
};
