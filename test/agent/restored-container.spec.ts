import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '../../src/protocol/ids.js';
import { lines, ProtectedHost, sharedStorage, until } from '../support/protected-host.js';
import { describeNeeding } from '../support/requires.js';

/** Handles SIGTERM as a program that saves its work does. */
const JOB = ['sh', '-c', 'trap "echo terminated; exit 9" TERM; i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done'];

describeNeeding(['root', 'linux', 'docker', 'criu'], 'a restored container, beside a fresh one', () => {
  const storage = sharedStorage();
  let host: ProtectedHost;
  let jobId: string;

  beforeAll(async () => {
    host = await ProtectedHost.start('a', storage.path);
    // One checkpoint serves all tests: each restores it anew.
    jobId = 'behaving';
    const first = await host.start(jobId, [], JOB);
    await until('work', async () => (await host.logs(first)).includes('\n5\n'));
    await host.checkpoint(jobId, first);
    await host.host.killContainerHard(first);
    await host.host.docker('rm', first);
  }, 60_000);
  afterAll(() => storage.remove());

  /** A restored container and a fresh one, both at work. */
  async function pair(): Promise<{ restored: string; fresh: string }> {
    const [restored, fresh] = [await host.start(jobId, [], JOB), await host.start(newId('job'), [], JOB)];
    for (const id of [restored, fresh]) await until('output', async () => lines(await host.logs(id)).length > 3);
    expect(Number(lines(await host.logs(restored))[0])).toBeGreaterThan(5);
    return { restored, fresh };
  }

  async function forBoth<T>(of: (id: string) => Promise<T>): Promise<void> {
    const { restored, fresh } = await pair();
    expect(await of(restored)).toEqual(await of(fresh));
    await host.host.docker('rm', '--force', restored, fresh);
  }

  it('stop: SIGTERM reaches the job, and its exit code Docker', () =>
    forBoth(async (id) => {
      await host.host.docker('stop', '--time', '10', id);
      const { exitCode, log } = await host.finish(id);
      return { exitCode, last: lines(log).at(-1) };
    }));

  it('kill', () =>
    forBoth(async (id) => {
      await host.host.docker('kill', id);
      return (await host.finish(id)).exitCode;
    }));

  it('exec, top, pause and unpause', () =>
    forBoth(async (id) => {
      const inside = await host.exec(
        id,
        'sh',
        '-c',
        'echo $$; cat /proc/1/cmdline | tr "\\0" " "; id; echo $AWS_BATCH_JOB_ATTEMPT; pwd',
      );
      const names = lines(await host.host.docker('top', id, '-o', 'pid,comm'))
        .slice(0, 2)
        .map((line) => line.replace(/\d+/, ''));
      await host.host.docker('pause', id);
      const paused = await host.host.docker('inspect', '--format', '{{.State.Status}}', id);
      const before = (await host.logs(id)).length;
      await sleep(200);
      const after = (await host.logs(id)).length;
      await host.host.docker('unpause', id);
      await until('it runs on', async () => (await host.logs(id)).length > after);
      return { inside: inside.replace(/^\d+/, 'pid'), names, paused, quiet: before === after };
    }));

  it('inspect: state and limits', () =>
    forBoth(async (id) => {
      const { State, HostConfig, Mounts, Path, Args } = await host.host.api.getContainer(id).inspect();
      const { Status, Running, Paused, OOMKilled, Dead, ExitCode, Error } = State;
      return { Status, Running, Paused, OOMKilled, Dead, ExitCode, Error, HostConfig, Mounts, Path, Args };
    }));

  it('a container created but not started holds nothing back: it is restored at start, and removed without a trace', async () => {
    const created = await host.host.docker(
      'create',
      '--runtime',
      'batchpoint',
      '--network',
      'none',
      '-e',
      `AWS_BATCH_JOB_ID=${jobId}`,
      'busybox',
      ...JOB,
    );
    expect(existsSync(join(host.host.stateDir, 'held', created))).toBe(false);
    await host.host.docker('start', created);
    await until('output', async () => lines(await host.logs(created)).length > 0);
    expect(Number(lines(await host.logs(created))[0])).toBeGreaterThan(5);
    await host.host.docker('rm', '--force', created);
    for (const directory of ['held', 'restored', 'restoring', 'containers']) {
      expect(readdirSync(join(host.host.stateDir, directory))).toEqual([]);
    }
  });

  it('the same container, killed and started again, continues from the checkpoint', async () => {
    const id = await host.start(jobId, [], JOB);
    await until('output', async () => lines(await host.logs(id)).length > 10);
    await host.host.docker('kill', id);
    await host.host.docker('wait', id);
    const before = lines(await host.logs(id)).length;
    await host.host.docker('start', id);
    await until('more output', async () => lines(await host.logs(id)).length > before);
    expect(lines(await host.logs(id))[before]).toBe(lines(await host.logs(id))[0]);
    await host.host.docker('rm', '--force', id);
  });

  it('held between create and start: frozen, reported as created, and SIGKILL takes effect', async () => {
    const { shim, create, root, id, end } = await bareContainer();
    try {
      execFileSync(host.host.shim, create, { stdio: 'ignore' });
      const state = JSON.parse(shim('state', id)) as { status: string; pid: number };
      expect(state.status).toBe('created');
      const ticks = (): string => readFileSync(`/proc/${state.pid}/stat`, 'utf8').split(' ').slice(13, 15).join(' ');
      const before = ticks();
      await sleep(200);
      expect(ticks()).toBe(before);
      expect(existsSync(join(host.host.stateDir, 'held', id))).toBe(true);
      expect(shim('ps', '--format', 'json', id)).toContain(String(state.pid));
      shim('kill', id, 'KILL');
      await until('it is dead', () => isGone(state.pid));
      shim('delete', '--force', id);
      expect(existsSync(join(host.host.stateDir, 'held', id))).toBe(false);
      expect(existsSync(join(root, id))).toBe(false);
    } finally {
      await end();
    }
  });

  it('a create that Docker gives up half way is undone: nothing of the container is left', async () => {
    const { create, root, id, end } = await bareContainer();
    const directory = join(host.host.dir, 'slow-criu');
    mkdirSync(directory);
    writeFileSync(
      join(directory, 'criu'),
      `#!/bin/sh\n[ "$1" = swrk ] && touch ${directory}/restoring && sleep 2\nPATH=${host.host.criuDir}:$PATH exec criu "$@"\n`,
      { mode: 0o755 },
    );
    await host.installShim({ criuDir: directory });
    try {
      const shim = spawn(host.host.shim, create, { stdio: 'ignore' });
      await until('CRIU is at work', () => existsSync(join(directory, 'restoring')));
      shim.kill('SIGKILL');
      await until('it is undone', () => !existsSync(join(host.host.stateDir, 'restoring', id)));
      expect(existsSync(join(root, id))).toBe(false);
      expect(readdirSync(join(host.host.stateDir, 'held'))).toEqual([]);
      expect(host.restoreLog()).toContain('Docker gave up starting this container');
    } finally {
      rmSync(join(host.host.stateDir, 'containers', id), { force: true });
      await host.installShim();
      await end();
    }
  });

  /** A bundle like one of Docker's, on the root of a container that is thrown away, for calling the shim as containerd does. */
  async function bareContainer() {
    const model = await host.start(newId('job'), [], JOB);
    const state = execFileSync('runc', ['--root', host.host.runcRoot, 'state', model], { encoding: 'utf8' });
    const modelBundle = (JSON.parse(state) as { bundle: string }).bundle;
    const spec = JSON.parse(readFileSync(join(modelBundle, 'config.json'), 'utf8')) as {
      process: { env: string[] };
      linux: { cgroupsPath: string };
    };
    const id = `bare-${Date.now()}`;
    const bundle = join(host.host.dir, id);
    mkdirSync(bundle);
    spec.process.env = [
      `AWS_BATCH_JOB_ID=${jobId}`,
      ...spec.process.env.filter((entry) => !entry.startsWith('AWS_BATCH_JOB_ID=')),
    ];
    spec.linux.cgroupsPath = join(spec.linux.cgroupsPath, '..', id);
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));
    const root = join(host.host.dir, 'bare-root');
    const create = ['--root', root, 'create', '--bundle', bundle, '--pid-file', join(bundle, 'pid'), id];
    const shim = (...args: string[]): string =>
      execFileSync(host.host.shim, ['--root', root, ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    return { shim, create, root, id, end: () => host.host.docker('rm', '--force', model) };
  }
});

function isGone(pid: number): boolean {
  return !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
}
