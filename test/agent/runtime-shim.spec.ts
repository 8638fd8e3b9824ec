import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { JobEventReport } from '../../src/protocol/agent-api.js';
import { isId } from '../../src/protocol/ids.js';
import { installShim } from '../../src/agent/shim-install.js';
import { ProtectedHost, sharedStorage } from '../support/protected-host.js';
import { describeNeeding } from '../support/requires.js';

/** A stand-in for runc or the restore program that writes down how it was called, one word a line. */
const RECORDER = (name: string, exitCode = 0): string =>
  `#!/bin/sh\nfor word do printf '%s\\n' "$word"; done > "$RECORD/${name}"\n[ "$3" != state ] || echo '{"status": "paused"}'\nexit ${exitCode}\n`;

describe('the runtime shim', () => {
  let directory: string;
  let state: string;
  let shim: string;
  let bundle: string;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'bp shim '));
    state = join(directory, 'state');
    shim = join(state, 'bin', 'batchpoint-runc');
    bundle = join(directory, 'bundle with space');
    mkdirSync(bundle);
    program('runc', RECORDER('runc'));
    program('node', RECORDER('node', 75));
    writeFileSync(join(directory, 'main.js'), '');
    await install();
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const install = (changes: Partial<Parameters<typeof installShim>[0]> = {}) =>
    installShim({
      runc: join(directory, 'runc'),
      stateDir: state,
      criuDir: '',
      store: join(directory, 'store'),
      node: join(directory, 'node'),
      main: join(directory, 'main.js'),
      ...changes,
    });

  function program(name: string, text: string): void {
    writeFileSync(join(directory, name), text);
    chmodSync(join(directory, name), 0o755);
  }

  /** Calls the shim; the words runc and node were called with, null when they were not. */
  function call(args: string[], options: { path?: string; shim?: string } = {}) {
    const record = mkdtempSync(join(directory, 'record-'));
    const env = { ...process.env, RECORD: record, PATH: options.path ?? process.env['PATH'] };
    const result = spawnSync(options.shim ?? shim, args, { encoding: 'utf8', env });
    const words = (name: string): string[] | null =>
      existsSync(join(record, name)) ? readFileSync(join(record, name), 'utf8').split('\n').slice(0, -1) : null;
    return { ...result, runc: words('runc'), node: words('node') };
  }

  const create = (id: string): string[] => [
    '--root',
    '/run/x',
    '--log',
    'a b',
    'create',
    '--bundle',
    bundle,
    '--pid-file',
    'p',
    id,
  ];
  const jobBundle = (...env: string[]): void =>
    writeFileSync(
      join(bundle, 'config.json'),
      JSON.stringify({ process: { env, args: ['x'] }, root: { path: 'rootfs' } }),
    );
  const shimLog = (): string =>
    existsSync(join(state, 'log', 'shim.log')) ? readFileSync(join(state, 'log', 'shim.log'), 'utf8') : '';

  it.each([
    [['--root', '/run/a b', 'exec', '--process', '/tmp/p q', 'abc']],
    [['list', '--format', 'json']],
    [['--version']],
    [[]],
    [['features']],
    [['--debug', 'checkpoint', 'it']],
    [['--root=/x', 'start', 'abc']],
    [['delete', '--force', 'abc']],
    [['state', 'abc']],
    [['kill', '--all', 'abc', '9']],
    [['create', '--bundle', '/nowhere at all', 'abc']],
    [['create', '--bundle', '/nowhere', '../../etc/passwd']],
    [['start', 'a b; rm -rf *']],
    [['start', '']],
  ])('passes %j to runc word for word', (args) => {
    const { status, runc, stderr } = call(args);
    expect({ status, runc, stderr }).toEqual({ status: 0, runc: args, stderr: '' });
  });

  it('passes the exit code of runc on', () => {
    program('runc', RECORDER('runc', 42));
    expect(call(['exec', 'abc']).status).toBe(42);
    jobBundle('PATH=/bin');
    expect(call(create('abc')).status).toBe(42);
  });

  it('starts no other program for a container that is no job, and leaves no trace of it', () => {
    jobBundle('PATH=/bin', 'AWS_BATCH_JOB=x', 'MY_AWS_BATCH_JOB_ID=x');
    const { runc, node } = call(create('abc'));
    expect({ runc, node }).toEqual({ runc: create('abc'), node: null });
    expect(existsSync(join(state, 'containers', 'abc'))).toBe(false);
    expect(shimLog()).toBe('');
  });

  it('records a job, and starts it without the restore program when the store knows nothing of it', () => {
    jobBundle('AWS_BATCH_JOB_ID=job-1:3');
    mkdirSync(join(directory, 'store', 'jobs'), { recursive: true });
    writeFileSync(join(directory, 'store', 'store.json'), '{}');
    const { runc, node } = call(create('abc'));
    expect({ runc, node }).toEqual({ runc: create('abc'), node: null });
    expect(readFileSync(join(state, 'containers', 'abc'), 'utf8')).toBe('/run/x\n');
    call(['--root', '/run/x', 'delete', 'abc']);
    expect(existsSync(join(state, 'containers', 'abc'))).toBe(false);
  });

  it.each<[string, () => void]>([
    ['has something of the job', () => mkdirSync(join(directory, 'store', 'jobs', 'job-1'), { recursive: true })],
    ['is not mounted', () => rmSync(join(directory, 'store'), { recursive: true })],
  ])('asks the restore program when the store %s, then starts the job with the words it was given', (_, arrange) => {
    jobBundle('AWS_BATCH_JOB_ID=job-1');
    mkdirSync(join(directory, 'store', 'jobs'), { recursive: true });
    writeFileSync(join(directory, 'store', 'store.json'), '{}');
    arrange();
    const { runc, node, stderr, stdout } = call(create('abc'));
    expect(node).toEqual([
      '--no-warnings',
      join(directory, 'main.js'),
      'shim-create',
      'restore',
      `${shim}.conf`,
      '--',
      ...create('abc'),
    ]);
    expect({ runc, stderr, stdout }).toEqual({ runc: create('abc'), stderr: '', stdout: '' });
  });

  it.each(['weird id', 'a/b', '-dash', 'é', 'x'.repeat(200), 'quo\\"te', ''])(
    'leaves the odd job id %j to the restore program',
    (jobId) => {
      jobBundle(`AWS_BATCH_JOB_ID=${jobId}`);
      expect(call(create('abc'))).toMatchObject({ status: 0, runc: create('abc'), node: expect.anything() });
    },
  );

  it('does not start a container that the restore program has restored', () => {
    jobBundle('AWS_BATCH_JOB_ID=job-1');
    program('node', RECORDER('node', 0));
    expect(call(create('abc'))).toMatchObject({ status: 0, runc: null });
  });

  it('starts the job fresh when the restore program crashes, is missing or was moved, with one line in its own log', async () => {
    jobBundle('AWS_BATCH_JOB_ID=job-1');
    program('node', '#!/bin/sh\necho noise; echo noise >&2; kill -9 $$\n');
    expect(call(create('abc'))).toMatchObject({ status: 0, runc: create('abc'), stderr: '', stdout: '' });
    expect(shimLog()).toMatch(/^\S+ batchpoint-runc\[\d+\]: abc: the restore program failed with 137.*starts fresh\n$/);
    await install({ node: '/nowhere/node' });
    expect(call(create('abc'))).toMatchObject({ status: 0, runc: create('abc') });
    await install({ main: '/nowhere/main.js' });
    expect(call(create('abc'))).toMatchObject({ status: 0, runc: create('abc') });
    expect(shimLog().split('\n').length).toBe(4);
    const reports = readdirSync(join(state, 'outbox')).map((name) => {
      const report = JSON.parse(readFileSync(join(state, 'outbox', name), 'utf8')) as JobEventReport & { id: string };
      expect(isId('report', report.id)).toBe(true);
      expect(name).toBe(`${report.id}.json`);
      return report;
    });
    expect(reports).toHaveLength(3);
    expect(reports[0]).toMatchObject({
      type: 'job-event',
      jobId: 'job-1',
      containerId: 'abc',
      event: 'job-started-fresh',
    });
    expect(reports[0]!.message).toContain('failed with 137');
  });

  it('undoes what a crashed restore program had begun; refuses to start on top of what cannot be undone', () => {
    jobBundle('AWS_BATCH_JOB_ID=job-1');
    const journal = join(state, 'restoring', 'abc');
    program('node', `#!/bin/sh\n[ "$4" = undo ] && { rm "${journal}"; exit 75; }\n: > "${journal}"; exit 137\n`);
    expect(call(create('abc'))).toMatchObject({ status: 0, runc: create('abc') });
    program('node', `#!/bin/sh\n: > "${journal}"; exit 137\n`);
    expect(call(create('abc'))).toMatchObject({
      status: 1,
      runc: null,
      stderr: expect.stringContaining('could not be undone'),
    });
  });

  it.each<[string, string]>([
    ['missing', ''],
    ['empty', '\n'],
    ['no shell', "BATCHPOINT_RUNC='$(touch /tmp/never)`\n\0((\n"],
    ['naming a runc that is gone', "BATCHPOINT_RUNC='/nowhere/runc'\n"],
    ['naming the shim itself', 'itself'],
  ])('with a conf file that is %s uses the runc in PATH and says so', (kind, text) => {
    const conf = `${shim}.conf`;
    rmSync(conf);
    if (kind !== 'missing') writeFileSync(conf, text === 'itself' ? `BATCHPOINT_RUNC='${shim}'\n` : text);
    expect(call(['exec', 'abc'], { path: `${directory}:${process.env['PATH']}` })).toMatchObject({
      status: 0,
      runc: ['exec', 'abc'],
      stderr: '',
    });
    expect(shimLog()).toMatch(/does not name a usable runc.*\n$/);
  });

  it('works through a symbolic link, and with bash as sh', () => {
    symlinkSync(shim, join(directory, 'linked-runc'));
    expect(call(['exec', 'abc'], { shim: join(directory, 'linked-runc') }).runc).toEqual(['exec', 'abc']);
    const bash = spawnSync('bash', ['--posix', shim, 'exec', 'abc'], { env: { ...process.env, RECORD: directory } });
    expect(bash.status).toBe(0);
  });

  it('holds: start resumes, state says created, kill lets the signal in, delete forgets', () => {
    jobBundle('AWS_BATCH_JOB_ID=job-1');
    call(create('abc'));
    const held = join(state, 'held', 'abc');
    writeFileSync(held, '');
    expect(call(['--root', '/run/x', 'state', 'abc']).stdout).toBe('{"status": "created"}\n');
    expect(call(['--root', '/run/x', 'kill', 'abc', '15']).runc).toEqual(['--root', '/run/x', 'resume', 'abc']);
    expect(call(['--root', '/run/x', 'start', 'abc']).runc).toEqual(['--root', '/run/x', 'resume', 'abc']);
    expect(existsSync(held)).toBe(false);
    expect(call(['--root', '/run/x', 'start', 'abc']).runc).toEqual(['--root', '/run/x', 'start', 'abc']);
    writeFileSync(held, '');
    call(['--root', '/run/x', 'delete', '--force', 'abc']);
    expect(existsSync(held)).toBe(false);
  });

  it('is installed once, kept current, and keeps the limits an operator set', async () => {
    expect((await install()).changed).toBe(false);
    const conf = `${shim}.conf`;
    writeFileSync(conf, readFileSync(conf, 'utf8').replace(/(RESTORE_LIMIT_SECONDS=)'\d+'/, "$1'77'"));
    expect((await install()).changed).toBe(false);
    expect((await install({ store: '/elsewhere' })).changed).toBe(true);
    expect(readFileSync(conf, 'utf8')).toContain("BATCHPOINT_STORE='/elsewhere'");
    expect(readFileSync(conf, 'utf8')).toContain("RESTORE_LIMIT_SECONDS='77'");
    writeFileSync(shim, '#!/bin/sh\nold\n');
    expect((await install()).changed).toBe(true);
    expect(call(['exec', 'abc']).runc).toEqual(['exec', 'abc']);
    await expect(install({ runc: shim })).rejects.toThrow('names the shim itself');
    await expect(install({ criuDir: '/a\nb' })).rejects.toThrow('line break');
  });

  it('has no fault that shellcheck knows', () => {
    const source = join(import.meta.dirname, '..', '..', 'src', 'runtime', 'batchpoint-runc');
    execFileSync('sh', ['-n', source]);
    const checked = spawnSync('shellcheck', [source], { encoding: 'utf8' });
    if (checked.error === undefined) expect(checked.stdout).toBe('');
  });
});

describeNeeding(['root', 'linux', 'docker', 'criu'], 'containers under the runtime shim', () => {
  it('run as under runc, with no restore program to be had', async () => {
    const storage = sharedStorage();
    const host = await ProtectedHost.start('a', storage.path);
    await host.installShim({ node: '/nowhere/node' });
    try {
      const plain = await host.host.docker(
        'run',
        '--rm',
        '--network',
        'none',
        '--runtime',
        'batchpoint',
        'busybox',
        'echo',
        'no job',
      );
      expect(plain).toBe('no job');
      // A job, with nothing on the storage yet.
      const job = await host.start('first-time', [], ['sh', '-c', 'echo a job; exit 3']);
      expect(await host.finish(job)).toEqual({ exitCode: 3, log: 'a job\n' });
      expect(existsSync(join(host.host.stateDir, 'log', 'shim.log'))).toBe(false);
      expect(host.reports()).toEqual([]);
    } finally {
      await host.host.stop();
      storage.remove();
    }
  });
});
