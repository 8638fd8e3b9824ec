import { mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/requires.js';
import { ScriptHost } from '../support/script-host.js';

const EFS = { fileSystemId: 'fs-0123456789abcdef0' };
const FSX = { fileSystemId: 'fs-0123456789abcdef0', mountName: 'fsx12abc', region: 'us-east-1' };
const JUICEFS = { metadataUrl: 'rediss://:hunter2@cache.internal:6379/1', bucket: 'example', region: 'us-east-1' };

describeNeeding(['linux', 'root'], 'the mount script', () => {
  let host: ScriptHost;
  beforeEach(() => {
    host = new ScriptHost();
  });
  afterEach(() => host.remove());

  describe.each([
    ['efs', EFS, 'fs-0123456789abcdef0:/', 'efs _netdev,nofail,tls'],
    ['efs', { ...EFS, tls: false }, 'fs-0123456789abcdef0:/', 'efs _netdev,nofail'],
    [
      'fsx-lustre',
      FSX,
      'fs-0123456789abcdef0.fsx.us-east-1.amazonaws.com@tcp:/fsx12abc',
      'lustre relatime,flock,_netdev,nofail,x-systemd.automount,x-systemd.requires=network.service',
    ],
  ] as const)('of %s %j', (kind, settings, source, options) => {
    it('mounts, once, however often it runs, and sees to it that a reboot does too', () => {
      const { status, output } = host.run(host.script(kind, settings), {
        times: 3,
        after: `echo written >${host.target}/batchpoint/file`,
      });
      expect(output).toContain(`mounted ${source} at ${host.target}`);
      expect(output).toContain('is already mounted');
      expect(status).toBe(0);
      expect(host.read('mounts').trim().split('\n')).toHaveLength(1);
      expect(host.read('etc/fstab')).toBe(`UUID=1 / ext4 defaults 0 1\n${source} ${host.target} ${options} 0 0\n`);
      expect(host.read('shared/batchpoint/file')).toBe('written\n');
    });

    it('waits for a network that is late, and gives up at its limit, saying what to check', () => {
      expect(host.run(host.script(kind, settings), { env: { FAILURES: '2' } }).status).toBe(0);
      expect(host.read('slept')).toBe('5\n5\n');
      const { status, output } = host.run(host.script(kind, settings), { env: { FAILURES: '1000' } });
      expect(status).toBe(1);
      expect(output).toMatch(/in 24 attempts: check that fs-0123456789abcdef0 (has a mount target|is available)/);
    });

    it('refuses another mount at the target, and files below it', () => {
      const other = host.run(host.script(kind, settings), {
        before: `mkdir ${host.target}; mount -t tmpfs none ${host.target}`,
      });
      expect(other.status).toBe(1);
      expect(other.output).toContain('already holds another mount (none tmpfs)');
      writeFileSync(join(host.target, '.precious'), 'data');
      const files = host.run(host.script(kind, settings));
      expect(files.output).toContain('is not empty, and mounting over it would hide its files');
      expect(readFileSync(join(host.target, '.precious'), 'utf8')).toBe('data');
    });
  });

  it('of efs does not take the TLS mount of another file system for its own', () => {
    const { status, output } = host.run(host.script('efs', EFS), {
      before: `mkdir ${host.target}; mount --bind ${host.shared} ${host.target}
        echo '127.0.0.1:/ nfs4' >${host.root}/shown/$(echo ${host.target} | tr / _)
        mkdir /run/efs; touch /run/efs/fs-00000000000000000.$(echo ${host.target} | cut -c2- | tr / .).20049`,
    });
    expect(status).toBe(1);
    expect(output).toContain('already holds another mount (127.0.0.1:/ nfs4), expected fs-0123456789abcdef0:/');
  });

  describe('of juicefs', () => {
    const withPassword = { BATCHPOINT_METADATA_PASSWORD: 'hunter2' };

    it('formats once and never again, mounts, and keeps the password where only root reads it', () => {
      const script = host.script('juicefs', JUICEFS);
      const { status, output } = host.run(script, { env: withPassword });
      expect(output).toContain('making the volume batchpoint');
      expect(status).toBe(0);
      expect(statSync(host.path('etc/batchpoint/stor_1.env')).mode & 0o777).toBe(0o600);
      // The next boot: the password is there, nothing is given.
      expect(host.run(script, { times: 2 })).toMatchObject({ status: 0 });
      const calls = host.read('jfs/calls');
      expect(calls.match(/^format/gm)).toHaveLength(1);
      expect(calls).toContain(
        'format --storage s3 --bucket https://example.s3.us-east-1.amazonaws.com --trash-days 0 rediss://cache.internal:6379/1 batchpoint',
      );
      expect(calls).toContain(
        `mount -d --no-usage-report --cache-dir /var/cache/batchpoint/stor_1 --cache-size 102400 rediss://cache.internal:6379/1 ${host.target}`,
      );
      expect(calls + script + output).not.toContain('hunter2');
    });

    it('is a unit of systemd where that runs', () => {
      const { status, output } = host.run(host.script('juicefs', JUICEFS), {
        before: 'mkdir -p /run/systemd/system',
        env: withPassword,
        times: 2,
      });
      expect(output).toContain(`JuiceFS:batchpoint is mounted at ${host.target}`);
      expect(status).toBe(0);
      expect(host.read('systemctl')).toContain('enable --now batchpoint-stor-1.service');
      const unit = host.read('etc/systemd/system/batchpoint-stor-1.service');
      expect(unit).toContain('EnvironmentFile=/etc/batchpoint/stor_1.env\n');
      expect(unit).toContain('WantedBy=multi-user.target\n');
      expect(unit).not.toContain('hunter2');
    });

    it.each(['pa"ss', "pa'ss", 'pa$HOME`id`', 'back\\slash', 'with space', '%40&'])(
      'takes the password %j as it is',
      (password) => {
        const env = { BATCHPOINT_METADATA_PASSWORD: password, PASSWORD: password };
        const { status, output } = host.run(host.script('juicefs', JUICEFS), { env });
        expect([status, output]).toEqual([0, expect.stringContaining('is mounted at')]);
      },
    );

    it('does not format when the metadata engine only does not answer, or refuses the password', () => {
      const { status, output } = host.run(host.script('juicefs', JUICEFS), {
        env: { BATCHPOINT_METADATA_PASSWORD: 'wrong' },
      });
      expect(status).toBe(1);
      expect(output).toContain('Last answer: NOAUTH Authentication required.');
      expect(host.read('jfs/calls')).not.toContain('format');
    });

    it('says what it needs: a password, the program', () => {
      expect(host.run(host.script('juicefs', JUICEFS)).output).toContain(
        'set BATCHPOINT_METADATA_PASSWORD in the environment',
      );
      const { output } = host.run(host.script('juicefs', JUICEFS), {
        before: `mv ${host.root}/bin/juicefs ${host.root}/`,
        env: withPassword,
      });
      expect(output).toContain('juicefs is missing on this host: install it in the image, or set clientVersion');
    });

    it('reads the password from Secrets Manager with the role of the host', () => {
      const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:juicefs-AbCdEf';
      writeFileSync(host.path('bin/aws'), `#!/bin/sh\necho "$*" >${host.root}/aws\necho hunter2\n`, { mode: 0o755 });
      const { status } = host.run(host.script('juicefs', { ...JUICEFS, passwordSecretArn: arn }));
      expect(status).toBe(0);
      expect(host.read('aws')).toContain(`get-secret-value --region eu-west-1 --secret-id ${arn}`);
    });

    it('installs the release the storage names, if it has the digest', () => {
      const digest = '0'.repeat(64);
      const settings = { ...JUICEFS, clientVersion: '1.2.3', clientSha256X86: digest, clientSha256Arm: digest };
      const { status, output } = host.run(host.script('juicefs', settings), {
        before: `mkdir -p ${host.root}/mirror/v1.2.3; cd ${host.root}/mirror/v1.2.3
          for a in amd64 arm64; do tar -czf juicefs-1.2.3-linux-$a.tar.gz -C ${host.root}/bin juicefs; done
          mv ${host.root}/bin/juicefs ${host.root}/`,
        env: { ...withPassword, BATCHPOINT_JUICEFS_RELEASES: `file://${host.root}/mirror` },
      });
      expect(status).toBe(1);
      expect(output).toContain(`does not have the digest the storage gives (${digest}); it was not installed`);
    });
  });

  describe('makes /mmc-checkpoint a link', () => {
    const script = (): string => host.script('efs', { ...EFS, compatibilityLink: true });

    it('to the mount path, and leaves it so', () => {
      expect(host.run(script(), { times: 2 })).toMatchObject({ status: 0 });
      expect(readlinkSync(host.link)).toBe(host.target);
    });

    it('in place of an empty directory', () => {
      mkdirSync(host.link);
      expect(host.run(script()).status).toBe(0);
      expect(readlinkSync(host.link)).toBe(host.target);
    });

    it('but never in place of files: it touches none', () => {
      mkdirSync(host.link);
      writeFileSync(join(host.link, 'image'), 'data');
      const { status, output } = host.run(script());
      expect(status).toBe(1);
      expect(output).toContain('holds files, which this script does not touch; move them to');
      expect(readFileSync(join(host.link, 'image'), 'utf8')).toBe('data');
    });

    it('nor of a link elsewhere, a file, or a mount', () => {
      symlinkSync('/elsewhere', host.link);
      expect(host.run(script()).output).toContain('is a link to /elsewhere, not to');
      expect(readlinkSync(host.link)).toBe('/elsewhere');
    });

    it('nor of a mount', () => {
      mkdirSync(host.link);
      const { status, output } = host.run(script(), { before: `mount -t tmpfs none ${host.link}` });
      expect([status, output]).toEqual([1, expect.stringContaining('is a mount point, so it cannot be a link')]);
    });
  });
});
