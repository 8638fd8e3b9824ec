import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/requires.js';
import { ScriptHost } from '../support/script-host.js';

const EBS = { sizeBytes: 1024 ** 3 };

/** A loop device stands for the volume: a real block device, a real file system, a real mount. */
describeNeeding(['linux', 'root'], 'the mount script of an EBS volume', () => {
  let host: ScriptHost;
  let device: string;
  beforeEach(() => {
    host = new ScriptHost();
    execFileSync('truncate', ['-s', '64M', host.path('volume')]);
    device = execFileSync('losetup', ['--find', '--show', host.path('volume')], { encoding: 'utf8' }).trim();
  });
  afterEach(() => {
    execFileSync('losetup', ['--detach', device]);
    host.remove();
  });

  const uuid = (): string =>
    execFileSync('blkid', ['-p', '-o', 'value', '-s', 'UUID', device], { encoding: 'utf8' }).trim();

  it('makes a file system on a blank volume, mounts it, and keeps the data when it runs again and at the next boot', () => {
    const script = host.script('ebs', EBS);
    const first = host.run(script, { argument: device, times: 2, after: `echo kept >${host.target}/data` });
    expect(first.output).toContain(`${device} is blank; making ext4 on it`);
    expect(first.output).toContain(`${device} is already mounted at ${host.target}`);
    expect(first.status).toBe(0);
    const made = uuid();
    expect(host.read('etc/fstab')).toContain(`\nUUID=${made} ${host.target} auto defaults,nofail 0 2\n`);

    const second = host.run(script, {
      argument: device,
      after: `cat ${host.target}/data; findmnt -n -o FSTYPE ${host.target}`,
    });
    expect(second.output).toContain(`${device} has ext4 on it and is taken as it is`);
    expect(second.output).toMatch(/kept\next4\n$/);
    expect(uuid()).toBe(made);
    expect(host.read('etc/fstab').match(/nofail/g)).toHaveLength(1);
  });

  it('never makes one over data: a partition table, a file system of another kind', () => {
    execFileSync('dd', [`of=${device}`, 'conv=fsync', 'status=none'], { input: partitionTable() });
    const { status, output } = host.run(host.script('ebs', EBS), { argument: device });
    expect(status).toBe(1);
    expect(output).toContain(`${device} has dos on it and is taken as it is`);
    expect(output).not.toContain('making');
  });

  it('finds the volume by its id, as Nitro instances show it', () => {
    writeFileSync(
      host.path('bin/lsblk'),
      `#!/bin/sh\ncase $* in *SERIAL*) echo '/dev/none vol0fff'; echo '${device} vol0123456789abcdef0' ;; *) exec /bin/lsblk "$@" ;; esac\n`,
      { mode: 0o755 },
    );
    const { status, output } = host.run(host.script('ebs', EBS), { argument: 'vol-0123456789abcdef0' });
    expect([status, output]).toEqual([0, expect.stringContaining(`mounted ${device} at ${host.target}`)]);
  });

  it('waits for a volume that is not attached yet, and gives up at its limit', () => {
    const { status, output } = host.run(host.script('ebs', EBS), { argument: 'vol-0aaaaaaaaaaaaaaaa' });
    expect(status).toBe(1);
    expect(output).toContain('no device for vol-0aaaaaaaaaaaaaaaa in 24 attempts: attach the volume');
    expect(host.read('slept').trim().split('\n')).toHaveLength(23);
  });

  it('refuses a target with files, and a volume that is in use elsewhere', () => {
    const files = host.run(host.script('ebs', EBS), {
      argument: device,
      before: `mkdir ${host.target}; touch ${host.target}/x`,
    });
    expect(files.output).toContain('is not empty, and mounting over it would hide its files');
    execFileSync('mkfs.ext4', ['-q', device]);
    execFileSync('find', [host.target, '-name', 'x', '-delete']);
    const used = host.run(host.script('ebs', EBS), {
      argument: device,
      before: `mkdir ${host.root}/other; mount ${device} ${host.root}/other`,
    });
    expect([used.status, used.output]).toEqual([1, expect.stringContaining(`${device} is in use`)]);
  });
});

/** A master boot record with one Linux partition of a thousand sectors. */
function partitionTable(): Buffer {
  const sector = Buffer.alloc(512);
  sector[450] = 0x83;
  sector.writeUInt32LE(2048, 454);
  sector.writeUInt32LE(1000, 458);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}
