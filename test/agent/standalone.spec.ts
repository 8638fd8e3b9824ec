import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { ApiClient } from '../../src/standalone/api-client.js';
import { packageRoot } from '../../src/standalone/package-root.js';
import { processesNaming } from '../../src/standalone/processes.js';
import { freePort, serverUrl } from '../../src/standalone/programs.js';
import { HOSTS_DIR, RUN_VARIABLE } from '../support/leftovers.js';
import { describeNeeding } from '../support/requires.js';
import { eventually } from '../support/test-deployment.js';

/** `npm start` without npm. */
class Start {
  output = '';
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown[]>;

  constructor(dataDir: string, port: number) {
    const env = { ...process.env, BATCHPOINT_DATA_DIR: dataDir, BATCHPOINT_PORT: String(port) };
    this.child = spawn(process.execPath, [join(packageRoot(), 'dist/src/main.js'), 'start'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.ended = once(this.child, 'close');
  }

  async says(text: string | RegExp): Promise<void> {
    await eventually(`it says ${String(text)}`, async () => {
      if (this.child.exitCode !== null && !this.output.match(text)) throw new Error(`it ended: ${this.output}`);
      return this.output.match(text) !== null;
    });
  }

  async exitCode(): Promise<number> {
    return (await this.ended)[0] as number;
  }

  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number> {
    if (this.child.exitCode === null) this.child.kill(signal);
    return this.exitCode();
  }
}

describeNeeding(['root', 'linux', 'docker', 'criu'], 'npm start', () => {
  const dataDir = join(HOSTS_DIR, `${process.env[RUN_VARIABLE]}.start`, 'data');
  let port: number;
  const started: Start[] = [];
  const start = (): Start => {
    const one = new Start(dataDir, port);
    started.push(one);
    return one;
  };

  beforeAll(async () => {
    mkdirSync(dataDir, { recursive: true });
    port = await freePort();
  });
  afterEach(async () => {
    for (const one of started.splice(0)) await one.stop();
  }, 60_000);
  afterAll(() => rmSync(join(dataDir, '..'), { recursive: true, force: true }));

  async function docker(host: string, ...args: string[]): Promise<string> {
    const child = spawn('docker', args, {
      env: { ...process.env, DOCKER_HOST: host },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    await once(child, 'close');
    return out;
  }
  const api = (): ApiClient =>
    new ApiClient(serverUrl(port), readFileSync(join(dataDir, 'admin-token'), 'utf8').trim());
  const counter = 'i=0; while true; do i=$((i+1)); echo "step $i"; sleep 0.2; done';

  it('takes a newcomer to a checkpoint, stops cleanly, and goes on from it after the next start', async () => {
    const first = start();
    await first.says('Ctrl-C stops everything.');
    expect(first.output).toContain(`admin token          ${readFileSync(join(dataDir, 'admin-token'), 'utf8').trim()}`);
    const host = /export DOCKER_HOST=(\S+)/.exec(first.output)![1]!;
    const job = ['--runtime', 'batchpoint', '-e', 'AWS_BATCH_JOB_ID=first-job', 'busybox', 'sh', '-c', counter];
    await docker(host, 'run', '-d', '--name', 'first-job', ...job);
    await eventually(
      'the job is known and running',
      async () => (await api().get<{ status: string }>('/jobs/first-job')).status === 'RUNNING',
    );
    await eventually('the job is at step 5', async () => (await docker(host, 'logs', 'first-job')).includes('step 5'));
    const operation = await api().post<{ id: string }>('/jobs/first-job/checkpoints');
    expect(await api().get(`/operations/${operation.id}?wait=50s`)).toMatchObject({
      status: 'succeeded',
      failure: null,
    });
    expect(existsSync(join(dataDir, 'checkpoints', 'batchpoint', 'jobs', 'first-job'))).toBe(true);

    const second = start();
    expect(await second.exitCode()).toBe(1);
    expect(second.output).toContain('already runs');
    expect(await first.stop()).toBe(0);
    expect(processesNaming(dataDir)).toEqual([]);

    const again = start();
    await again.says('Ctrl-C stops everything.');
    expect(again.output).not.toContain('shown once');
    await docker(host, 'run', '-d', '--name', 'retry', ...job);
    await eventually('the retried job goes on', async () =>
      /^step [5-9]|^step \d\d/.test(await docker(host, 'logs', 'retry')),
    );
    expect(await docker(host, 'logs', 'retry')).not.toMatch(/^step 1$/m);
    await docker(host, 'kill', 'retry');
    expect(await again.stop('SIGTERM')).toBe(0);
    expect(processesNaming(dataDir)).toEqual([]);
  }, 120_000);

  it('starts a child again that was killed, and says so', async () => {
    const one = start();
    await one.says('Ctrl-C stops everything.');
    process.kill(Number(readFileSync(join(dataDir, 'server.pid'), 'utf8').split(' ')[0]), 'SIGKILL');
    await one.says(/server ended by itself \(SIGKILL\).*Starting it again in 1 s/);
    await one.says('server runs again');
    expect(await ApiClient.isReady(serverUrl(port))).toBe(true);
    expect(await one.stop()).toBe(0);
  }, 60_000);

  it('says what to do when the port is taken', async () => {
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    const one = start();
    expect(await one.exitCode()).toBe(1);
    expect(one.output).toContain(
      `port ${port} is taken by another program. Take another one: BATCHPOINT_PORT=${port + 1} npm start`,
    );
    other.close();
  }, 30_000);
});
