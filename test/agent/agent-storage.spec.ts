import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { AgentStorage } from '../../src/protocol/agent-api.js';
import { StorageMonitor } from '../../src/agent/storage-monitor.js';
import { MooseFs } from '../support/moose-fs.js';
import { until } from '../support/protected-host.js';
import { describeNeeding } from '../support/requires.js';

const LIMIT_MS = 1000;
const storageAt = (mountPath: string, fileSystemTypes: string[] = []): AgentStorage => ({
  id: `stor_${mountPath}`,
  kind: 'nfs',
  mountPath,
  fileSystemTypes,
});

function monitorOf(storage: AgentStorage, hostId = 'host_1', canaryEveryMs = 0): StorageMonitor {
  const monitor = new StorageMonitor(pino({ level: 'silent' }), undefined, LIMIT_MS, canaryEveryMs);
  monitor.use(storage, hostId);
  return monitor;
}

describe('the storage monitor on a directory', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bp-monitor-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('makes the store at the first success, says how much room there is, and leaves no probe behind', async () => {
    const monitor = monitorOf(storageAt(join(folder, 'new')));
    expect(monitor.store).toBeNull();
    expect(await monitor.check()).toMatchObject({ ready: true, reason: null, freeBytes: expect.any(Number) });
    await monitor.check();
    expect(monitor.store?.root).toBe(join(folder, 'new', 'batchpoint'));
    expect(readdirSync(join(folder, 'new', 'batchpoint')).filter((name) => name.startsWith('.probe'))).toEqual([]);
  });

  it('is not ready where another file system is expected, and writes nothing there', async () => {
    const monitor = monitorOf(storageAt(folder, ['nfs4']));
    const health = await monitor.check();
    expect(health).toMatchObject({ ready: false });
    expect(health!.reason).toMatch(/not on nfs4/);
    expect(monitor.store).toBeNull();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('shows itself to the other hosts, and sees those that did so a short while ago', async () => {
    const [a, b] = [monitorOf(storageAt(folder), 'host_a'), monitorOf(storageAt(folder), 'host_b')];
    expect(await a.check()).toMatchObject({ ready: true, seesHosts: [] });
    expect(await b.check()).toMatchObject({ seesHosts: ['host_a'] });
    expect(await a.check()).toMatchObject({ seesHosts: ['host_b'] });
    const canaries = join(folder, 'batchpoint/canaries/hosts');
    const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
    utimesSync(join(canaries, 'host_b'), minutesAgo(11), minutesAgo(11));
    expect(await a.check()).toMatchObject({ seesHosts: [] });
    expect(readdirSync(canaries)).toEqual(['host_a', 'host_b']);
    utimesSync(join(canaries, 'host_b'), minutesAgo(61), minutesAgo(61));
    await a.check();
    expect(readdirSync(canaries)).toEqual(['host_a']);
  });

  it('looks for others once in a while, not at every check', async () => {
    const a = monitorOf(storageAt(folder), 'host_a', 3_600_000);
    await a.check();
    await monitorOf(storageAt(folder), 'host_b').check();
    expect(await a.check()).toMatchObject({ seesHosts: [] });
  });

  it('names no more than sixteen, on all hosts the same', async () => {
    const canaries = join(folder, 'batchpoint/canaries/hosts');
    mkdirSync(canaries, { recursive: true });
    const names = Array.from({ length: 40 }, (_, i) => `host_${String(i).padStart(2, '0')}`);
    for (const name of names) writeFileSync(join(canaries, name), '');
    for (const hostId of ['host_x', 'host_y'])
      expect((await monitorOf(storageAt(folder), hostId).check())?.seesHosts).toEqual(names.slice(0, 16));
  });

  it('says what the path lies on, links followed', async () => {
    mkdirSync(join(folder, 'disk'));
    symlinkSync(join(folder, 'disk'), join(folder, 'link'));
    const [type, source] = execFileSync('findmnt', ['-n', '-o', 'FSTYPE,SOURCE', '--target', folder], {
      encoding: 'utf8',
    })
      .trim()
      .split(/\s+/);
    const { fileSystem } = (await monitorOf(storageAt(join(folder, 'link'))).check())!;
    expect(fileSystem!.type).toBe(type);
    expect(source).toContain(fileSystem!.source);
  });

  it('names the disk it found where a network file system should be', async () => {
    const { fileSystem } = (await monitorOf(storageAt(folder)).check())!;
    const { reason } = (await monitorOf(storageAt(folder, ['nfs4'])).check())!;
    expect(reason).toContain(`lies on ${fileSystem!.type} (${fileSystem!.source}), mounted at`);
  });

  it('hands the store out only when what must come first is done', async () => {
    let fail = true;
    const prepare = (): Promise<void> => (fail ? Promise.reject(new Error('not yet')) : Promise.resolve());
    const monitor = new StorageMonitor(pino({ level: 'silent' }), prepare);
    monitor.use(storageAt(folder), 'host_1');
    expect(await monitor.check()).toMatchObject({ ready: false, reason: 'not yet' });
    fail = false;
    expect(await monitor.check()).toMatchObject({ ready: true });
  });

  it('forgets the storage before when the configuration names another', async () => {
    const monitor = monitorOf(storageAt(folder));
    await monitor.check();
    monitor.use(storageAt(join(folder, 'other')), 'host_1');
    expect([monitor.health, monitor.store]).toEqual([null, null]);
    await monitor.check();
    expect(monitor.store?.root).toBe(join(folder, 'other', 'batchpoint'));
    monitor.use(null, 'host_1');
    expect(await monitor.check()).toBeNull();
  });
});

describeNeeding(['root', 'linux'], 'the storage monitor on a network file system', () => {
  let moose: MooseFs;
  beforeAll(async () => {
    moose = await MooseFs.start();
  }, 120_000);
  afterAll(() => moose.stop());

  /** Processes that serve this mount. */
  const clients = (mount: string): number[] =>
    readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid))
      .filter((pid) => {
        try {
          // It writes `mfsmount (mounted on: <path>)` over its arguments.
          const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          return command.includes('mfsmount') && command.includes(mount);
        } catch {
          return false;
        }
      })
      .map(Number);

  it('proves that two hosts share it, each with a mount of its own', async () => {
    const [one, other] = moose.mounts;
    const a = monitorOf(storageAt(one, [MooseFs.type]), 'host_a');
    const b = monitorOf(storageAt(other, [MooseFs.type]), 'host_b');
    await a.check();
    expect(await b.check()).toMatchObject({
      ready: true,
      seesHosts: ['host_a'],
      fileSystem: { type: 'fuse', source: expect.stringContaining('mfs') },
    });
    expect(await a.check()).toMatchObject({ seesHosts: ['host_b'] });
  });

  it('survives that the file system hangs, says so, and notices when it answers again', async () => {
    const [mount] = moose.mounts;
    const monitor = monitorOf(storageAt(mount, [MooseFs.type]));
    expect(await monitor.check()).toMatchObject({ ready: true });
    const frozen = clients(mount);
    expect(frozen).not.toEqual([]);
    for (const pid of frozen) process.kill(pid, 'SIGSTOP');
    try {
      const begun = performance.now();
      expect(await monitor.check()).toMatchObject({ ready: false, reason: expect.stringContaining('does not answer') });
      expect(performance.now() - begun).toBeLessThan(LIMIT_MS + 3000);
      expect(monitor.store).toBeNull();
      // While the first try hangs, no more processes or threads go the same way.
      for (let i = 0; i < 10; i += 1) await monitor.check();
      const probes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line.includes(`probe ${mount} `));
      expect(probes.length).toBeLessThanOrEqual(1);
      // Files elsewhere are read as before.
      mkdirSync(join(tmpdir(), `bp-${process.pid}`), { recursive: true });
      rmSync(join(tmpdir(), `bp-${process.pid}`), { recursive: true });
    } finally {
      for (const pid of frozen) process.kill(pid, 'SIGCONT');
    }
    await until('it is ready again', async () => (await monitor.check())?.ready === true, 30);
  });

  it('is not ready when the mount is gone, though the directory below is there', async () => {
    const [, mount] = moose.mounts;
    const monitor = monitorOf(storageAt(mount, [MooseFs.type]));
    expect(await monitor.check()).toMatchObject({ ready: true });
    execFileSync('umount', ['--lazy', mount]);
    expect(await monitor.check()).toMatchObject({ ready: false, reason: expect.stringContaining('not on fuse') });
    expect(readdirSync(mount)).toEqual([]);
  });
});
