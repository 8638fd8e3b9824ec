import { JuicefsSettings, type JuicefsPublicSettings } from '../dto/juicefs-settings.dto.js';
import { notMountedYet, type SettingsProblem, type StorageDriver } from '../storage-driver.js';

function problems(settings: JuicefsSettings): SettingsProblem[] {
  const url = URL.parse(settings.metadataUrl);
  if (url === null) return [{ field: 'metadataUrl', detail: 'metadataUrl must be a URL with a port from 1 to 65535' }];
  if (url.password === '') {
    return [
      {
        field: 'metadataUrl',
        detail:
          'metadataUrl must carry a password (rediss://:password@host:6379/1): whoever reaches the metadata owns the file system',
      },
    ];
  }
  return [];
}

function publicSettings({ metadataUrl, ...rest }: JuicefsSettings): JuicefsPublicSettings {
  const url = new URL(metadataUrl);
  return { ...rest, metadataAddress: `${url.host}${url.pathname}` };
}

export const juicefsDriver: StorageDriver<JuicefsSettings> = {
  kind: 'juicefs',
  settingsType: JuicefsSettings,
  secretFields: ['metadataUrl'],
  purposes: ['checkpoint', 'scratch'],
  fileSystemTypes: ['fuse.juicefs'],
  unavailable: notMountedYet('JuiceFS'),
  problems,
  publicSettings,
  mountScript: () => null,
};
