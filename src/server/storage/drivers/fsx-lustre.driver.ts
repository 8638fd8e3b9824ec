import { FsxLustreSettings } from '../dto/fsx-lustre-settings.dto.js';
import { notMountedYet, type StorageDriver } from '../storage-driver.js';

export const fsxLustreDriver: StorageDriver<FsxLustreSettings> = {
  kind: 'fsx-lustre',
  settingsType: FsxLustreSettings,
  secretFields: [],
  purposes: ['checkpoint', 'scratch'],
  fileSystemTypes: ['lustre'],
  unavailable: notMountedYet('FSx for Lustre'),
  problems: () => [],
  publicSettings: (settings) => settings,
  mountScript: () => null,
};
