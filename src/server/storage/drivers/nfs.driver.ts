import { NfsSettings } from '../dto/nfs-settings.dto.js';
import { installPackages, networkMountScript } from '../mount-scripts/network-mount.script.js';
import type { SettingsProblem, StorageDriver } from '../storage-driver.js';
import { unknownCost, unknownThroughput } from '../storage-economics.js';

/**
 * `hard`: a write that the server has not confirmed is repeated, never dropped; an image may not have holes.
 * `nofail` and `_netdev`: a file server that is away must not keep a host from booting.
 * timeo and retrans are the values AWS recommends for EFS and FSx (docs.aws.amazon.com/efs/latest/ug/mounting-fs-nfs-mount-settings.html).
 */
const ALWAYS = ['hard', 'timeo=600', 'retrans=2', '_netdev', 'nofail'];

const REFUSED: Record<string, string> = {
  soft: 'a soft mount drops writes when the server is slow, and a checkpoint with a hole cannot restore',
  softerr: 'a soft mount drops writes when the server is slow, and a checkpoint with a hole cannot restore',
  ro: 'checkpoints are written there',
  noauto: 'the storage must be there after a reboot',
  user: 'only root mounts it',
  users: 'only root mounts it',
  bg: 'the mount script waits itself, with a limit',
  vers: 'set `version` instead',
  nfsvers: 'set `version` instead',
  minorversion: 'set `version` instead',
  hard: 'it is always set',
  timeo: 'it is always set, to 600',
  retrans: 'it is always set, to 2',
  nofail: 'it is always set',
  _netdev: 'it is always set',
};

function problems(settings: NfsSettings): SettingsProblem[] {
  const names = settings.mountOptions.map((option) => option.split('=', 1)[0]!);
  return [...new Set(names)].flatMap((name) => {
    const reason = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined;
    if (reason !== undefined)
      return [{ field: 'mountOptions', detail: `mountOptions may not contain ${name}: ${reason}` }];
    const repeated = names.filter((other) => other === name).length > 1;
    return repeated ? [{ field: 'mountOptions', detail: `mountOptions names ${name} twice; keep one` }] : [];
  });
}

/** Any NFS server, version 3 to 4.2. */
export const nfsDriver: StorageDriver<NfsSettings, NfsSettings> = {
  kind: 'nfs',
  settingsType: NfsSettings,
  secretFields: [],
  purposes: ['checkpoint', 'scratch'],
  fileSystemTypes: ['nfs', 'nfs4'],
  problems,
  publicSettings: (settings) => settings,
  mountScript: ({ settings, ...storage }) =>
    networkMountScript({
      ...storage,
      source: `${settings.server}:${settings.exportPath}`,
      type: 'nfs',
      options: [`vers=${settings.version}`, ...ALWAYS, ...settings.mountOptions],
      shownAs: ['"$source nfs"', '"$source nfs4"'],
      helper: { command: 'mount.nfs', install: installPackages('mount.nfs', 'nfs-utils', 'nfs-common') },
      checkList: 'check that the server is up and its firewall or security group lets this host in',
      compatibilityLink: settings.compatibilityLink,
    }),
  requirements: ({ version }) => ({
    iam: { server: [], host: [] },
    cloudFormation: [],
    ports: [
      { from: 2049, to: 2049, purpose: 'NFS' },
      ...(version === '3' ? [{ from: 111, to: 111, purpose: 'port mapper' }] : []),
    ],
  }),
  economics: () => ({
    throughput: unknownThroughput('It is that of the file server.'),
    cost: unknownCost('It is that of the file server.'),
  }),
};
