import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ApiClient } from '../../src/standalone/api-client.js';
import { packageRoot } from '../../src/standalone/package-root.js';
import { sharedStorage, until } from '../support/protected-host.js';
import { describeNeeding } from '../support/requires.js';
import { ServerProcess } from '../support/server-process.js';
import { TestHost } from '../support/test-host.js';
import { TlsFront } from '../support/tls-front.js';

const ADMIN_TOKEN = 'an-admin-token-for-tests-of-the-executable-0123456789';
const COUNT = 'i=0; while true; do i=$((i+1)); echo $i > /counter; sleep 0.05; done';

interface Operation {
  id: string;
  status: string;
}

/** What new hosts get from the server: one file, with neither Node nor our sources on the host. */
describeNeeding(['root', 'linux', 'docker', 'criu'], 'the self-contained executable', () => {
  const storage = sharedStorage();
  const dir = mkdtempSync(join(tmpdir(), 'bp-executable-'));
  const executable = join(packageRoot(), 'dist', 'agent', `batchpoint-linux-${process.arch}`);
  let server: ServerProcess;
  let front: TlsFront;
  let api: ApiClient;
  let host: TestHost;
  let agent: ChildProcess | undefined;

  beforeAll(async () => {
    // Made when it is missing or older than the sources, which takes some seconds.
    execFileSync(process.execPath, [join(packageRoot(), 'scripts/package.js'), process.arch], { stdio: 'pipe' });
    chmodSync(dir, 0o755);
    writeFileSync(join(dir, 'admin-token'), ADMIN_TOKEN);
    server = new ServerProcess(['server'], {
      BATCHPOINT_PORT: '0',
      BATCHPOINT_DATA_DIR: dir,
      BATCHPOINT_ADMIN_TOKEN_FILE: join(dir, 'admin-token'),
    });
    const [url] = await Promise.all([server.listening(), TestHost.start().then((started) => (host = started))]);
    front = await TlsFront.start(url, dir);
    api = new ApiClient(url, ADMIN_TOKEN);
    await api.patch('/settings', { agents: { heartbeatInterval: '1s', offlineAfter: '5s' } });
  }, 120_000);
  afterAll(async () => {
    if (agent?.exitCode === null) {
      agent.kill('SIGTERM');
      await once(agent, 'exit');
    }
    await front.close();
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
    storage.remove();
  });

  /** As systemd starts it: no PATH to a Node, no variables but its own. */
  const environment = (): Record<string, string> => ({
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    BPTEST_RUN: process.env['BPTEST_RUN'] ?? '',
    ...host.agentEnvironment,
  });
  const get = <T>(path: string): Promise<T | null> => api.get<T>(path).catch(() => null);

  it('enrols over TLS, finds nothing wrong with the host, and a job is checkpointed and continued through it', async () => {
    const { id: storageId } = await api.post<{ id: string }>('/storages', {
      name: 'shared',
      kind: 'local',
      mountPath: storage.path,
    });
    const { id: computeEnvironmentId } = await api.post<{ id: string }>('/compute-environments', {
      name: 'spot',
      storageId,
      policy: { mode: 'manual' },
    });
    const { token } = await api.post<{ token: string }>('/join-tokens', { name: 'hosts', computeEnvironmentId });
    const log = openSync(join(dir, 'agent.log'), 'a');
    agent = spawn(executable, ['agent'], {
      stdio: ['ignore', log, log],
      env: {
        ...environment(),
        BATCHPOINT_SERVER_URL: front.url,
        BATCHPOINT_JOIN_TOKEN: token,
        NODE_EXTRA_CA_CERTS: front.certificateFile,
      },
    });
    closeSync(log);
    await until(
      `the host is online and ready: ${join(dir, 'agent.log')}`,
      async () =>
        (await get<{ items: { status: string; storage: { ready: boolean } | null }[] }>('/hosts'))?.items[0]?.storage
          ?.ready === true,
      40,
    );

    const { stdout } = spawnSync(executable, ['doctor', '--json'], { encoding: 'utf8', env: environment() });
    const { findings } = JSON.parse(stdout) as { findings: { check: string; severity: string; message: string }[] };
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(readFileSync(join(host.stateDir, 'bin', 'batchpoint-runc.conf'), 'utf8')).toContain(
      `BATCHPOINT_NODE='${executable}'\nBATCHPOINT_MAIN='${executable}'`,
    );

    const job = (): Promise<string> =>
      host.docker(
        ...['run', '-d', '--network', 'none', '--runtime', 'batchpoint', '-e', 'AWS_BATCH_JOB_ID=packaged'],
        ...[host.image, 'sh', '-c', COUNT],
      );
    const counter = async (container: string): Promise<number> =>
      Number(await host.docker('exec', container, 'cat', '/counter'));
    const first = await job();
    await until(
      'the job runs',
      async () => (await get<{ status: string }>('/jobs/packaged'))?.status === 'RUNNING' && (await counter(first)) > 5,
    );
    const { id } = await api.post<Operation>('/jobs/packaged/checkpoints');
    expect(await api.get(`/operations/${id}?wait=50s`)).toMatchObject({ status: 'succeeded', failure: null });
    await host.docker('kill', first);

    const second = await job();
    expect(await counter(second)).toBeGreaterThan(5);
    await until('the server knows that it continued', async () =>
      Boolean(
        (await get<{ items: { status: string }[] }>('/restores?jobId=packaged'))?.items.some(
          ({ status }) => status === 'succeeded',
        ),
      ),
    );
  }, 60_000);
});
