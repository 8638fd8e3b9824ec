import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
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

function monitorOf(storage: AgentStorage): StorageMonitor {
  const monitor = new StorageMonitor(pino({ level: 'silent' }), undefined, LIMIT_MS);
  monitor.use(storage, 'host_1');
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
