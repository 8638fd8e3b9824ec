import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FailureError } from '../../src/protocol/failure.js';
import { cgroupOf } from '../../src/agent/engines/cgroup.js';
import { FreezeGuard } from '../../src/agent/engines/freeze-guard.js';
import { Freezer } from '../../src/agent/engines/freezer.js';
import { parseMountInfo } from '../../src/agent/engines/mount-info.js';
import { captureLayer, layerBytes } from '../../src/agent/engines/overlay.js';
import { runTool, ToolProcess } from '../../src/agent/engines/tool-process.js';
import { kernelName, RUN_VARIABLE } from '../support/leftovers.js';
import { describeNeeding } from '../support/requires.js';

const mounts = parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'));
/** Hierarchies of this machine: one or both. */
const HIERARCHIES = [
  {
    version: 1 as const,
    mount: mounts.find(({ type, superOptions }) => type === 'cgroup' && /\bfreezer\b/.test(superOptions)),
  },
  { version: 2 as const, mount: mounts.find(({ type }) => type === 'cgroup2') },
].flatMap(({ version, mount }) => (mount === undefined ? [] : [{ version, root: mount.mountPoint }]));

const tool = (script: string): { command: string; args: string[]; env: Record<string, string> } => ({
  command: 'sh',
  args: ['-c', script],
  env: { PATH: process.env['PATH']! },
});

describeNeeding(['linux', 'root'], 'engines', () => {
  describe.each(HIERARCHIES)('freezer, cgroup v$version', ({ version, root }) => {
    const path = join(root, `${kernelName(process.env[RUN_VARIABLE] ?? 'x')}freezer${version}`);
    const freezer = Freezer.at(path, version);
    let child: ChildProcess;

    beforeAll(() => {
      mkdirSync(path);
      child = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
      writeFileSync(join(path, 'cgroup.procs'), String(child.pid));
    });
    afterAll(async () => {
      await freezer.thaw();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      rmdirSync(path);
      // Gone: harmless.
      await freezer.thaw();
      expect([await freezer.state(), await freezer.pids()]).toEqual(['gone', []]);
    });

    const cpuTicks = (): number => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      return Number(fields[11]) + Number(fields[12]);
    };

    it('stops every process, says so, and continues them', async () => {
      expect(await freezer.pids()).toEqual([child.pid]);
      expect(await freezer.state()).toBe('thawed');
      await freezer.freeze(5_000);
      expect(await freezer.state()).toBe('frozen');
      const before = cpuTicks();
      await sleep(100);
      expect(cpuTicks()).toBe(before);
      await freezer.thaw();
      expect(await freezer.state()).toBe('thawed');
    });

    it('is found from a process in it', async () => {
      const found = await cgroupOf(child.pid!, 'freezer');
      // Where both hierarchies are mounted, v1 is the one containers are in.
      if (version === 1 || HIERARCHIES.length === 1) expect(found).toEqual({ path, version });
      await expect(Freezer.ofProcess(2 ** 22 + 1)).rejects.toThrow('ENOENT');
    });

    it('is thawed by the guard when its owner dies, after the dump has come to its end; helpers are killed at once', async () => {
      const guard = new FreezeGuard(freezer, 10_000);
      const [dump, helper] = [new ToolProcess(tool('sleep 0.5')), new ToolProcess(tool('sleep 100'))];
      await guard.watch('dump', dump);
      await guard.watch('helper', helper);
      dump.start();
      helper.start();
      await freezer.freeze(5_000);
      const begun = performance.now();
      guard['child'].stdin!.destroy();
      expect((await helper.finished).signal).toBe('SIGKILL');
      expect(performance.now() - begun).toBeLessThan(450);
      expect(await freezer.state()).toBe('frozen');
      expect((await dump.finished).code).toBe(0);
      while ((await freezer.state()) !== 'thawed') {
        expect(performance.now() - begun).toBeLessThan(5_000);
        await sleep(20);
      }
    });

    it('is thawed by the guard although the dump never ends', async () => {
      const guard = new FreezeGuard(freezer, 1_000);
      const dump = new ToolProcess(tool('sleep 100'));
      await guard.watch('dump', dump);
      dump.start();
      await freezer.freeze(5_000);
      guard['child'].stdin!.destroy();
      expect((await dump.finished).signal).toBe('SIGKILL');
      for (let i = 0; i < 100 && (await freezer.state()) !== 'thawed'; i += 1) await sleep(20);
      expect(await freezer.state()).toBe('thawed');
    });

    it('is left alone by a guard that was dismissed', async () => {
      const guard = new FreezeGuard(freezer, 1_000);
      await freezer.freeze(5_000);
      guard.dismiss();
      while (existsSync(`/proc/${guard.pid}`)) await sleep(10);
      expect(await freezer.state()).toBe('frozen');
      await freezer.thaw();
    });
  });

  it('a program that was never started does nothing, and one that cannot run says why', async () => {
    const marker = join(mkdtempSync(join(tmpdir(), 'batchpoint-tool-')), 'ran');
    const never = new ToolProcess(tool(`echo x >${marker}`));
    never.kill();
    await never.finished;
    expect(existsSync(marker)).toBe(false);
    const missing = await runTool({ command: '/no/such/program', args: [], env: {} }, 1_000);
    expect(missing).toMatchObject({ code: 127, output: expect.stringContaining('/no/such/program') });
    expect(await runTool(tool('echo out; echo err >&2; exit 3'), 5_000)).toMatchObject({
      code: 3,
      output: expect.stringMatching(/out|err/),
    });
    expect((await runTool(tool('sleep 100 & sleep 100'), 100)).signal).toBe('SIGKILL');
    rmSync(join(marker, '..'), { recursive: true });
  });

  it('a captured layer, unpacked elsewhere, makes the same file system: whiteouts, opaque directories, links, holes', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'batchpoint-overlay-'));
    const [lower, upper, work, merged, upper2, work2] = ['lower', 'upper', 'work', 'merged', 'upper2', 'work2'].map(
      (name) => join(dir, name),
    ) as [string, string, string, string, string, string];
    for (const path of [lower, upper, work, merged, upper2, work2]) mkdirSync(path);
    mkdirSync(join(lower, 'gone/deep'), { recursive: true });
    for (const name of ['kept', 'deleted', 'gone/deep/file']) writeFileSync(join(lower, name), name);
    const mount = (up: string, wrk: string): void =>
      void execFileSync('mount', [
        '-t',
        'overlay',
        '-o',
        `lowerdir=${lower},upperdir=${up},workdir=${wrk}`,
        'overlay',
        merged,
      ]);
    const look = (): string =>
      execFileSync('sh', ['-c', 'find . -printf "%p %y %m %U %s %l\\n" | grep -v "^\\./*  *d" | sort; cat new/hello'], {
        cwd: merged,
        encoding: 'utf8',
      });
    try {
      mount(upper, work);
      const script =
        'rm deleted; rm -r gone; mkdir gone; echo new >gone/new; mkdir new; echo hi >new/hello; chmod 4750 new/hello; chown 1234 new/hello; ln new/hello new/hard; ln -s /etc/passwd new/link; truncate -s 10M new/sparse; mkfifo new/pipe';
      execFileSync('sh', ['-c', script], { cwd: merged });
      const before = look();
      expect(await layerBytes(upper)).toBeLessThan(1_000_000);
      const tar = join(dir, 'layer.tar');
      expect(await runTool(captureLayer(upper, tar), 30_000)).toMatchObject({ code: 0 });
      execFileSync('umount', [merged]);
      execFileSync('tar', [
        '--extract',
        `--file=${tar}`,
        `--directory=${upper2}`,
        '--xattrs',
        '--xattrs-include=*',
        '--numeric-owner',
        '--same-owner',
        '--preserve-permissions',
      ]);
      mount(upper2, work2);
      expect(look()).toBe(before);
      expect(existsSync(join(merged, 'gone/deep'))).toBe(false);
      expect(existsSync(join(merged, 'deleted'))).toBe(false);
      symlinkSync('x', join(merged, 'still-writable'));
    } finally {
      execFileSync('umount', ['-l', merged]);
      rmSync(dir, { recursive: true });
    }
    await expect(layerBytes('/no/such/layer')).rejects.toBeInstanceOf(FailureError);
  });

  it('is measured while the job removes files', async () => {
    const upper = mkdtempSync(join(tmpdir(), 'bp-churn-'));
    // The trap runs between two commands, so that nothing of it is left to write when the shell has ended.
    const churn = spawn(
      'sh',
      ['-c', 'trap exit TERM; while :; do mkdir a b c; : >a/1; : >b/2; : >c/3; rm -r a b c; done'],
      { cwd: upper },
    );
    try {
      for (let i = 0; i < 100; i += 1) expect(await layerBytes(upper)).toBeLessThan(1_000_000);
    } finally {
      const ended = new Promise((resolve) => churn.once('exit', resolve));
      churn.kill('SIGTERM');
      await ended;
      rmSync(upper, { recursive: true });
    }
  });
});
