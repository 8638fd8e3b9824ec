import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ApiClient, ApiError } from '../../src/standalone/api-client.js';
import { sharedStorage, until } from '../support/protected-host.js';
import { describeNeeding } from '../support/requires.js';
import { ServerProcess } from '../support/server-process.js';
import { TestAgent } from '../support/test-agent.js';
import { TestHost } from '../support/test-host.js';

const ADMIN_TOKEN = 'an-admin-token-for-tests-of-the-agent-0123456789';
const COUNT = 'i=0; while true; do i=$((i+1)); echo $i > /counter; sleep 0.05; done';

interface Operation {
  id: string;
  status: string;
  failure: { code: string } | null;
  resource: { id: string };
}
interface Host {
  id: string;
  status: string;
  storage: { ready: boolean } | null;
}

/** What the agent and the server must agree on; each by itself is tested with a stand-in for the other. */
describeNeeding(['root', 'linux', 'docker', 'criu'], 'the agent with its server', () => {
  const storage = sharedStorage();
  const dataDir = mkdtempSync(join(tmpdir(), 'bp-agent-server-'));
  let server: ServerProcess;
  let api: ApiClient;
  let host: TestHost;
  let agent: TestAgent;

  beforeAll(async () => {
    chmodSync(dataDir, 0o755);
    writeFileSync(join(dataDir, 'admin-token'), ADMIN_TOKEN);
    const env = {
      BATCHPOINT_PORT: '0',
      BATCHPOINT_DATA_DIR: dataDir,
      BATCHPOINT_ADMIN_TOKEN_FILE: join(dataDir, 'admin-token'),
    };
    server = new ServerProcess(['server'], env);
    const [url] = await Promise.all([server.listening(), TestHost.start().then((started) => (host = started))]);
    api = new ApiClient(url, ADMIN_TOKEN);
    await api.patch('/settings', { agents: { heartbeatInterval: '1s', offlineAfter: '5s' } });
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
    agent = new TestAgent(host, url, token);
    agent.start();
  }, 120_000);
  afterAll(async () => {
    await agent?.stop();
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
    storage.remove();
  });

  const job = (jobId: string): Promise<string> =>
    host.docker(
      'run',
      '-d',
      '--network',
      'none',
      '--runtime',
      'batchpoint',
      '-e',
      `AWS_BATCH_JOB_ID=${jobId}`,
      host.image,
      'sh',
      '-c',
      COUNT,
    );
  const get = <T>(path: string): Promise<T | null> =>
    api.get<T>(path).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    });
  const ended = async (operation: Operation): Promise<Operation> => {
    let now = operation;
    while (['pending', 'running'].includes(now.status))
      now = await api.get<Operation>(`/operations/${now.id}?wait=10s`);
    return now;
  };
  const theHost = async (): Promise<Host | undefined> => (await api.get<{ items: Host[] }>('/hosts')).items[0];

  it('enrols, and is seen online with its storage ready', async () => {
    await until('the host is online', async () => (await theHost())?.status === 'online', 40);
    await until('its storage is ready', async () => (await theHost())?.storage?.ready === true);
  });

  it('shows a job RUNNING and takes one of two checkpoints asked for at once', async () => {
    const containerId = await job('agreed');
    await until('the job runs', async () => (await get<{ status: string }>('/jobs/agreed'))?.status === 'RUNNING');
    expect(await get('/jobs/agreed')).toMatchObject({ protected: true, containerId, policy: { mode: 'manual' } });
    const asked = await Promise.allSettled([1, 2].map(() => api.post<Operation>('/jobs/agreed/checkpoints')));
    const accepted = asked.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const refused = asked.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as ApiError] : []));
    expect(refused.map(({ status }) => status)).toEqual([409]);
    expect(await ended(accepted[0]!)).toMatchObject({ status: 'succeeded', failure: null });
    expect(await get(`/checkpoints/${accepted[0]!.resource.id}`)).toMatchObject({
      status: 'committed',
      trigger: 'manual',
    });
  });

  it('verifies and deletes a checkpoint, and proves the storage', async () => {
    const operation = await ended(await api.post<Operation>('/jobs/agreed/checkpoints'));
    const checkpointId = operation.resource.id;
    expect(await ended(await api.post<Operation>(`/checkpoints/${checkpointId}/verifications`))).toMatchObject({
      status: 'succeeded',
    });
    const { items } = await api.get<{ items: { id: string }[] }>('/storages');
    expect(await ended(await api.post<Operation>(`/storages/${items[0]!.id}/verifications`))).toMatchObject({
      status: 'succeeded',
    });
  });

  it('tells of an end while it was killed, and the job is settled', async () => {
    const { containerId } = (await get<{ containerId: string }>('/jobs/agreed'))!;
    await agent.kill();
    await host.docker('kill', containerId);
    agent.start();
    await until(
      'the job is FAILED',
      async () => (await get<{ status: string }>('/jobs/agreed'))?.status === 'FAILED',
      40,
    );
    expect(await get('/jobs/agreed')).toMatchObject({ exitCode: 137 });
  });

  it('refuses a restore in words when it cannot be, and the API says why', async () => {
    const { items } = await api.get<{ items: { id: string; status: string }[] }>('/jobs/agreed/checkpoints');
    const committed = items.find(({ status }) => status === 'committed')!;
    rmSync(join(storage.path, 'batchpoint', 'jobs', 'agreed'), { recursive: true });
    const operation = await ended(await api.post<Operation>('/restores', { checkpointId: committed.id }));
    expect(operation).toMatchObject({ status: 'failed', failure: { code: 'checkpoint-not-found' } });
  });
});
