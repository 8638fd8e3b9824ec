import { validateSettings } from './settings-validation.js';
import { driverOf } from './storage-drivers.js';
import { STORAGE_KINDS, type StorageKind } from './storage-kind.js';

const GIB = 1024 ** 3;

/** The least each kind takes. */
const VALID: Record<StorageKind, Record<string, unknown>> = {
  local: {},
  nfs: { server: 'files.example.internal', exportPath: '/exports/checkpoints' },
  efs: { fileSystemId: 'fs-0123456789abcdef0' },
  juicefs: { metadataUrl: 'rediss://:hunter2@cache.example.internal:6379/1', bucket: 'example-checkpoints' },
  'fsx-lustre': { fileSystemId: 'fs-0123456789abcdef0', mountName: 'fsx12abc', region: 'us-east-1' },
  ebs: { sizeBytes: 100 * GIB },
};

const check = (kind: StorageKind, changes: Record<string, unknown> = {}) =>
  validateSettings(driverOf(kind), { ...VALID[kind], ...changes });

describe('settings', () => {
  it.each(STORAGE_KINDS)('of %s are complete with what must be given', (kind) => {
    expect(check(kind).errors).toEqual([]);
  });

  it('are filled up with defaults', () => {
    expect(check('nfs').settings).toMatchObject({ version: '4.1', mountOptions: [], compatibilityLink: false });
    expect(check('efs').settings).toMatchObject({ accessPointId: null, tls: true, iamAuthorization: false });
    expect(check('efs').settings).toMatchObject({ region: null });
    expect(check('fsx-lustre').settings).toMatchObject({ dnsName: null });
    expect(check('juicefs').settings).toMatchObject({
      cacheSizeBytes: 100 * GIB,
      volumeName: 'batchpoint',
      passwordSecretArn: null,
      clientVersion: null,
      region: null,
    });
    expect(check('ebs').settings).toMatchObject({ deviceName: '/dev/sdf', fileSystem: 'ext4' });
    expect(check('ebs').settings).toMatchObject({
      volumeType: 'gp3',
      iops: null,
      throughputMibPerSecond: null,
      encrypted: true,
    });
  });

  it.each(STORAGE_KINDS)('of %s: an unknown field is refused by name', (kind) => {
    expect(check(kind, { colour: 'blue' }).errors).toEqual([
      { pointer: '/settings/colour', code: 'unknown', detail: 'There is no field "colour" here.' },
    ]);
  });

  it.each([['text'], [null], [undefined], [[]], [7]])('%j are none', (input) => {
    expect(validateSettings(driverOf('nfs'), input).errors).toEqual([
      {
        pointer: '/settings',
        code: 'required',
        detail: 'settings must be an object: the settings of a storage of kind nfs.',
      },
    ]);
  });

  it.each(STORAGE_KINDS.filter((kind) => kind !== 'local'))('of %s: each missing field is named', (kind) => {
    const { errors } = validateSettings(driverOf(kind), {});
    expect(errors.map((error) => [error.pointer, error.code, error.detail])).toEqual(
      // Of fsx-lustre region or dnsName will do.
      Object.keys(VALID[kind])
        .filter((field) => field !== 'region')
        .map((field) => [`/settings/${field}`, 'required', `${field} is required.`]),
    );
  });
});

/** Every way to get a kind wrong, with what the user is told. */
const WRONG: [StorageKind, Record<string, unknown>, string, RegExp][] = [
  ['nfs', { server: '' }, 'server', /must be a host name or an IPv4 address|longer than or equal to 1/],
  ['nfs', { server: 'a b' }, 'server', /must be a host name or an IPv4 address/],
  ['nfs', { server: '-a.example' }, 'server', /must be a host name or an IPv4 address/],
  ['nfs', { server: 'host;reboot' }, 'server', /must be a host name or an IPv4 address/],
  ['nfs', { server: 'host\nother' }, 'server', /must be a host name or an IPv4 address/],
  ['nfs', { server: 'host:/export' }, 'server', /must be a host name or an IPv4 address/],
  ['nfs', { exportPath: 'exports' }, 'exportPath', /must be an absolute path/],
  ['nfs', { exportPath: '/a/../b' }, 'exportPath', /must be an absolute path/],
  ['nfs', { exportPath: '/a/' }, 'exportPath', /without a final slash/],
  ['nfs', { exportPath: "/a'b" }, 'exportPath', /must be an absolute path/],
  ['nfs', { exportPath: '/a b' }, 'exportPath', /must be an absolute path/],
  ['nfs', { version: '5' }, 'version', /version must be one of 3, 4\.0, 4\.1, 4\.2/],
  ['nfs', { version: 4.1 }, 'version', /version must be one of/],
  ['nfs', { mountOptions: 'noresvport' }, 'mountOptions', /must be an array/],
  ['nfs', { mountOptions: ['rw,exec'] }, 'mountOptions', /mountOptions/],
  ['nfs', { mountOptions: ['x$(reboot)'] }, 'mountOptions', /mountOptions/],
  ['nfs', { mountOptions: ['soft'] }, 'mountOptions', /may not contain soft: a soft mount drops writes/],
  ['nfs', { mountOptions: ['ro'] }, 'mountOptions', /may not contain ro: checkpoints are written there/],
  ['nfs', { mountOptions: ['nfsvers=3'] }, 'mountOptions', /may not contain nfsvers: set `version` instead/],
  ['nfs', { mountOptions: ['timeo=10'] }, 'mountOptions', /may not contain timeo: it is always set/],
  ['nfs', { mountOptions: ['rsize=1', 'rsize=2'] }, 'mountOptions', /names rsize twice/],
  ['efs', { fileSystemId: 'fs-xyz' }, 'fileSystemId', /such as fs-0123456789abcdef0/],
  ['efs', { fileSystemId: 'efs-0123456789abcdef0' }, 'fileSystemId', /such as fs-/],
  ['efs', { accessPointId: 'fs-0123456789abcdef0' }, 'accessPointId', /such as fsap-/],
  [
    'efs',
    { accessPointId: 'fsap-0123456789abcdef0', tls: false },
    'tls',
    /must be true: mounting through an access point works only over TLS/,
  ],
  ['efs', { iamAuthorization: true, tls: false }, 'tls', /must be true: authorising with the IAM role/],
  ['efs', { tls: 'yes' }, 'tls', /boolean/],
  ['efs', { tls: null }, 'tls', /boolean/],
  ['juicefs', { metadataUrl: 'redis://:hunter2@cache:6379/1' }, 'metadataUrl', /must be rediss:.*TLS only/],
  ['juicefs', { metadataUrl: 'rediss://:hunter2@cache:6379' }, 'metadataUrl', /must be rediss:/],
  ['juicefs', { metadataUrl: 'rediss://:hun/ter2@cache:6379/1' }, 'metadataUrl', /are written %40 and %2F/],
  ['juicefs', { metadataUrl: 'rediss://cache:6379/1' }, 'metadataUrl', /must carry a password/],
  ['juicefs', { metadataUrl: 'rediss://:hunter2@cache:99999/1' }, 'metadataUrl', /port from 1 to 65535/],
  ['juicefs', { metadataUrl: 'mysql://root:hunter2@(cache)/x' }, 'metadataUrl', /must be rediss:/],
  ['juicefs', { bucket: 'Upper' }, 'bucket', /lower-case/],
  ['juicefs', { bucket: 'a..b' }, 'bucket', /name of an S3 bucket/],
  ['juicefs', { bucket: 'ab' }, 'bucket', /3 characters/],
  ['juicefs', { cacheSizeBytes: -1 }, 'cacheSizeBytes', /must not be less than 0/],
  ['juicefs', { cacheSizeBytes: 1.5 }, 'cacheSizeBytes', /integer/],
  ['juicefs', { cacheSizeBytes: '100' }, 'cacheSizeBytes', /integer/],
  [
    'fsx-lustre',
    { fileSystemId: 'fs-0123456' },
    'fileSystemId',
    /must be longer than or equal to 11|must be an FSx file/,
  ],
  ['fsx-lustre', { fileSystemId: 'fsx-01234567' }, 'fileSystemId', /must be an FSx file system id such as fs-/],
  [
    'fsx-lustre',
    { region: null },
    'region',
    /region must be given, or dnsName: hosts find the file system by its DNS name/,
  ],
  ['fsx-lustre', { dnsName: 'one' }, 'dnsName', /must be a DNS name such as fs-0123456789abcdef0\.fsx/],
  ['fsx-lustre', { dnsName: 'a.b;reboot' }, 'dnsName', /must be a DNS name/],
  ['fsx-lustre', { compatibilityLink: 'yes' }, 'compatibilityLink', /boolean/],
  ['efs', { region: 'us-east' }, 'region', /must be an AWS region such as us-east-1/],
  ['efs', { region: 'us-east-1; reboot' }, 'region', /must be an AWS region/],
  ['efs', { compatibilityLink: null }, 'compatibilityLink', /boolean/],
  ['nfs', { compatibilityLink: 1 }, 'compatibilityLink', /boolean/],
  ['juicefs', { region: 'eu' }, 'region', /must be an AWS region/],
  ['juicefs', { volumeName: 'Batch' }, 'volumeName', /must consist of lower-case letters, digits and hyphens/],
  ['juicefs', { volumeName: 'a b' }, 'volumeName', /must consist of lower-case/],
  [
    'juicefs',
    { passwordSecretArn: 'my-secret' },
    'passwordSecretArn',
    /must be the ARN of a secret in AWS Secrets Manager/,
  ],
  ['juicefs', { clientVersion: 'latest' }, 'clientVersion', /must be a release of JuiceFS such as 1\.2\.3/],
  ['juicefs', { clientVersion: '1.2.3' }, 'clientVersion', /needs clientSha256X86 or clientSha256Arm/],
  [
    'juicefs',
    { clientSha256X86: 'a'.repeat(64) },
    'clientVersion',
    /must be given with a digest: of which release is it/,
  ],
  [
    'juicefs',
    { clientVersion: '1.2.3', clientSha256X86: 'A'.repeat(64) },
    'clientSha256X86',
    /must be a SHA-256 digest: 64 hexadecimal digits in lower case/,
  ],
  ['juicefs', { compatibilityLink: 'no' }, 'compatibilityLink', /boolean/],
  ['ebs', { deviceName: '/dev/sda' }, 'deviceName', /must be a device name of EC2 for data volumes/],
  ['ebs', { deviceName: '/dev/sdf;reboot' }, 'deviceName', /must be a device name of EC2/],
  ['ebs', { fileSystem: 'btrfs' }, 'fileSystem', /must be one of ext4, xfs/],
  ['fsx-lustre', { mountName: 'toolongname' }, 'mountName', /8 characters/],
  ['fsx-lustre', { mountName: 'a/b' }, 'mountName', /what FSx shows as the mount name/],
  ['fsx-lustre', { region: 'Virginia' }, 'region', /must be an AWS region such as us-east-1/],
  ['ebs', { volumeType: 'gp4' }, 'volumeType', /must be one of gp2, gp3, io1, io2, st1, sc1/],
  ['ebs', { sizeBytes: 1000 }, 'sizeBytes', /must not be less than 1073741824/],
  ['ebs', { sizeBytes: GIB + 1 }, 'sizeBytes', /must be a multiple of 1 GiB \(1073741824\), not 1073741825/],
  ['ebs', { volumeType: 'gp2', sizeBytes: 20_000 * GIB }, 'sizeBytes', /a gp2 volume has 1 to 16384 GiB, not 20000/],
  ['ebs', { volumeType: 'st1', sizeBytes: 100 * GIB }, 'sizeBytes', /a st1 volume has 125 to 16384 GiB, not 100/],
  ['ebs', { volumeType: 'gp2', iops: 3000 }, 'iops', /cannot be provisioned for a gp2 volume/],
  ['ebs', { volumeType: 'io2' }, 'iops', /must be given for a io2 volume/],
  ['ebs', { iops: 2000 }, 'iops', /a gp3 volume of 100 GiB takes 3000 to 50000, not 2000/],
  ['ebs', { sizeBytes: GIB, iops: 3001 }, 'iops', /a gp3 volume of 1 GiB takes 3000 to 3000, not 3001/],
  ['ebs', { volumeType: 'io1', iops: 5001 }, 'iops', /a io1 volume of 100 GiB takes 100 to 5000, not 5001/],
  [
    'ebs',
    { throughputMibPerSecond: 1000 },
    'throughputMibPerSecond',
    /3000 iops carry at most 750 MiB a second, not 1000/,
  ],
  ['ebs', { volumeType: 'gp2', throughputMibPerSecond: 250 }, 'throughputMibPerSecond', /for gp3 only, not for gp2/],
];

describe('wrong settings', () => {
  it.each(WRONG)('%s %j: %s', (kind, changes, field, message) => {
    const { settings, errors } = check(kind, changes);
    expect(settings).toBeNull();
    expect(errors).toEqual([
      { pointer: `/settings/${field}`, code: expect.any(String), detail: expect.stringMatching(message) },
    ]);
  });

  it('are all named at once', () => {
    const { errors } = check('ebs', { volumeType: 'io1', sizeBytes: 2 * GIB, throughputMibPerSecond: 200 });
    expect(errors.map((error) => error.pointer)).toEqual([
      '/settings/sizeBytes',
      '/settings/iops',
      '/settings/throughputMibPerSecond',
    ]);
  });

  it('never repeat a secret', () => {
    for (const [kind, changes] of WRONG.filter(([kind]) => kind === 'juicefs')) {
      expect(JSON.stringify(check(kind, changes).errors)).not.toMatch(/hunter2|hun\/ter2/);
    }
  });
});
