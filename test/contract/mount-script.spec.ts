import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { driverOf } from '../../src/server/storage/storage-drivers.js';
import { validateSettings } from '../../src/server/storage/settings-validation.js';
import type { StorageKind } from '../../src/server/storage/storage-kind.js';

/**
 * The scripts are run for real by `sh`, in a mount namespace of their own with an /etc of their own. There is no NFS client in
 * every kernel, so `mount` and `findmnt` are stand-ins there: a tmpfs is mounted, and shown as what was asked for.
 */
let root: string;
let target: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bp-mount-script-'));
  target = join(root, 'target');
  for (const directory of ['bin', 'etc']) mkdirSync(join(root, directory));
  writeFileSync(join(root, 'etc/fstab'), 'UUID=1 / ext4 defaults 0 1');
  standIn('mount.nfs', 'exit 0');
  standIn('sleep', `echo "$1" >>${root}/slept`);
  standIn(
    'mount',
    `echo "$*" >>${root}/mounts
     for source; do :; done
     [ "$(wc -l <${root}/mounts)" -gt "$FAILURES" ] || { echo "mount.nfs: Connection timed out" >&2; exit 32; }
     /bin/mount -t tmpfs none "$6" && echo "$5" >${root}/mounted`,
  );
  standIn('findmnt', `mountpoint -q "${target}" || exit 1; printf '%s  %s\\n' "$(cat ${root}/mounted)" "$TYPE"`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function standIn(name: string, body: string): void {
  writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(root, 'bin', name), 0o755);
}

function scriptOf(kind: StorageKind, settings: object): string {
  const driver = driverOf(kind);
  const checked = validateSettings(driver, settings);
  if (checked.settings === null) throw new Error(JSON.stringify(checked.errors));
  return driver.mountScript({
    id: 'stor_1',
    name: 'checkpoints',
    mountPath: target,
    settings: driver.publicSettings(checked.settings),
  });
}

const NFS = { server: 'files.example.internal', exportPath: '/exports/checkpoints', mountOptions: ['noresvport'] };
const LINE = (): string =>
  `files.example.internal:/exports/checkpoints ${target} nfs vers=4.1,hard,timeo=600,retrans=2,_netdev,nofail,noresvport 0 0`;

const JUICEFS = { metadataUrl: 'rediss://:hunter2@cache.internal:6379/1', bucket: 'example-checkpoints' };
const SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:juicefs-AbCdEf';
/** Runs the script `times` times in one namespace, with `before` first. */
function run(script: string, { before = '', times = 1, failures = 0, type = 'nfs4', standIns = true } = {}) {
  writeFileSync(join(root, 'script'), script);
  const body = `set -e; mount --bind ${root}/etc /etc; ${before}
    ${standIns ? `export PATH=${root}/bin:$PATH` : ''}
    for i in $(seq ${times}); do sh ${root}/script; done`;
  const asRoot = process.getuid!() === 0 ? ['-m'] : ['-Urm'];
  const { status, stdout, stderr } = spawnSync('unshare', [...asRoot, 'sh', '-c', body], {
    encoding: 'utf8',
    env: { ...process.env, FAILURES: String(failures), TYPE: type },
  });
  return { status, output: stdout + stderr };
}

const fstab = (): string => readFileSync(join(root, 'etc/fstab'), 'utf8');

describe('the mount script of an NFS storage', () => {
  it('mounts, and sees to it that a reboot does too, without swallowing the last line of fstab', () => {
    const { status, output } = run(scriptOf('nfs', NFS));
    expect(output).toContain(`mounted files.example.internal:/exports/checkpoints at ${target}`);
    expect(status).toBe(0);
    expect(readFileSync(join(root, 'mounts'), 'utf8')).toBe(
      `-t nfs -o vers=4.1,hard,timeo=600,retrans=2,_netdev,nofail,noresvport files.example.internal:/exports/checkpoints ${target}\n`,
    );
    expect(fstab()).toBe(`UUID=1 / ext4 defaults 0 1\n${LINE()}\n`);
  });

  it('changes nothing when run again', () => {
    const { status, output } = run(scriptOf('nfs', NFS), { times: 3 });
    expect(status).toBe(0);
    expect(output).toContain('is already mounted');
    expect(readFileSync(join(root, 'mounts'), 'utf8').split('\n')).toHaveLength(2);
    expect(fstab()).toBe(`UUID=1 / ext4 defaults 0 1\n${LINE()}\n`);
  });

  it('refuses to mount over files, and leaves them alone', () => {
    mkdirSync(target);
    writeFileSync(join(target, '.precious'), 'data');
    const { status, output } = run(scriptOf('nfs', NFS));
    expect(status).toBe(1);
    expect(output).toContain(`${target} is not empty, and mounting over it would hide its files`);
    expect(existsSync(join(root, 'mounts'))).toBe(false);
    expect(fstab()).not.toContain(target);
    expect(readFileSync(join(target, '.precious'), 'utf8')).toBe('data');
  });

  it('refuses a target that is a file', () => {
    writeFileSync(target, 'data');
    const { status, output } = run(scriptOf('nfs', NFS));
    expect(status).toBe(1);
    expect(output).toContain('exists and is not a directory');
    expect(readFileSync(target, 'utf8')).toBe('data');
  });

  it('refuses to go on where something else is mounted', () => {
    const { status, output } = run(scriptOf('nfs', NFS), {
      before: `mkdir ${target}; /bin/mount -t tmpfs none ${target}; echo other:/x >${root}/mounted`,
    });
    expect(status).toBe(1);
    expect(output).toContain(
      `${target} already holds another mount (other:/x nfs4), expected files.example.internal:/exports/checkpoints`,
    );
  });

  it('does not take a file system of another type for its own', () => {
    const { status, output } = run(scriptOf('nfs', NFS), { type: 'tmpfs' });
    expect(status).toBe(1);
    expect(output).toContain('holds: files.example.internal:/exports/checkpoints tmpfs');
    expect(fstab()).not.toContain(target);
  });

  it('waits for a server that is late', () => {
    const { status, output } = run(scriptOf('nfs', NFS), { failures: 3 });
    expect(status).toBe(0);
    expect(output).toContain('failed (attempt 3 of 24), trying again in 5 s');
    expect(readFileSync(join(root, 'slept'), 'utf8')).toBe('5\n5\n5\n');
  });

  it('gives up after its limit, saying what to check, and writes no fstab line', () => {
    const { status, output } = run(scriptOf('nfs', NFS), { failures: 1000 });
    expect(status).toBe(1);
    expect(output).toContain(
      'in 24 attempts: check that the server is up and its firewall or security group lets this host in',
    );
    expect(readFileSync(join(root, 'mounts'), 'utf8').trim().split('\n')).toHaveLength(24);
    expect(fstab()).not.toContain(target);
  });

  it('does not add a second line for the same directory', () => {
    writeFileSync(join(root, 'etc/fstab'), `# ${target}\nold.example:/x ${target} nfs defaults 0 0\n`);
    const { status, output } = run(scriptOf('nfs', NFS));
    expect(status).toBe(1);
    expect(output).toContain(`/etc/fstab already has another line for ${target}`);
    expect(fstab()).not.toContain('files.example.internal');
  });
});

describe('the mount script of a local storage', () => {
  it('makes the directory, and says that nothing is shared by that', () => {
    const { status, output } = run(scriptOf('local', {}), { times: 2, standIns: false });
    expect(output).toContain('is shared between hosts only if you share it');
    expect(status).toBe(0);
    expect(existsSync(join(target, 'batchpoint'))).toBe(true);
  });

  it('leaves what is there alone', () => {
    mkdirSync(target);
    writeFileSync(join(target, 'image'), 'data');
    expect(run(scriptOf('local', {}), { standIns: false }).status).toBe(0);
    expect(readFileSync(join(target, 'image'), 'utf8')).toBe('data');
  });

  it('refuses memory: images there would not outlive a reboot', () => {
    const { status, output } = run(scriptOf('local', {}), {
      standIns: false,
      before: `mkdir ${target}; mount -t tmpfs none ${target}`,
    });
    expect(status).toBe(1);
    expect(output).toContain('is on tmpfs, which loses everything at a reboot');
  });
});

describe('mount scripts', () => {
  const kinds: [StorageKind, object][] = [
    ['nfs', NFS],
    ['nfs', { server: '10.0.0.12', exportPath: '/', version: '3' }],
    ['nfs', { ...NFS, compatibilityLink: true }],
    ['local', {}],
    ['efs', { fileSystemId: 'fs-0123456789abcdef0' }],
    ['efs', { fileSystemId: 'fs-0123456789abcdef0', tls: false, compatibilityLink: true }],
    ['juicefs', JUICEFS],
    ['juicefs', { ...JUICEFS, passwordSecretArn: SECRET_ARN, compatibilityLink: true }],
    ['juicefs', { ...JUICEFS, clientVersion: '1.2.3', clientSha256X86: 'a'.repeat(64) }],
    ['fsx-lustre', { fileSystemId: 'fs-0123456789abcdef0', mountName: 'fsx12abc', region: 'us-east-1' }],
    ['ebs', { sizeBytes: 1024 ** 3 }],
    ['ebs', { sizeBytes: 1024 ** 3, fileSystem: 'xfs' }],
  ];

  it.each(kinds)('of %s %j are good POSIX shell', (kind, settings) => {
    const script = scriptOf(kind, settings);
    execFileSync('sh', ['-n'], { input: script });
    const shellcheck = spawnSync('shellcheck', ['--shell=sh', '-'], { input: script, encoding: 'utf8' });
    // Where shellcheck is not installed, `sh -n` above has to do.
    if (shellcheck.error === undefined) expect(shellcheck.stdout).toBe('');
    expect(script).not.toMatch(/\brm\b|\bumount\b|wipefs|mkfs\.\w+ .*(-f|-F|--force)/);
    if (kind !== 'ebs') expect(script).not.toContain('mkfs');
  });

  it('refuse to run without root', () => {
    const body = scriptOf('local', {});
    const { status, stderr } = spawnSync('sh', ['-s'], { input: body.replace('id -u', 'echo 1000'), encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('must run as root');
  });
});
