import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '../../src/protocol/ids.js';
import { FakeAgentServer } from '../fakes/fake-agent-server.js';
import { sharedStorage, until } from '../support/protected-host.js';
import { describeNeeding } from '../support/requires.js';
import { TestAgent } from '../support/test-agent.js';
import { TestHost } from '../support/test-host.js';

const COUNT = 'i=0; while true; do i=$((i+1)); echo $i > /counter; sleep 0.05; done';

describeNeeding(['root', 'linux', 'docker', 'criu'], 'the agent', () => {
  const storage = sharedStorage();
  const server = new FakeAgentServer();
  let host: TestHost;
  let agent: TestAgent;

  beforeAll(async () => {
    host = await TestHost.start();
    await server.start();
    server.configure({ mountPath: storage.path });
    agent = new TestAgent(host, server.url, server.joinToken);
    agent.start();
    await until('the agent has a session and its storage', () => server.heartbeats.at(-1)?.storage?.ready === true, 40);
  }, 90_000);
  afterAll(async () => {
    await agent.stop();
    await server.stop();
    storage.remove();
  });

  const job = (jobId: string, ...options: string[]): Promise<string> =>
    host.docker(
      'run',
      '-d',
      '--network',
      'none',
      '--runtime',
      'batchpoint',
      '-e',
      `AWS_BATCH_JOB_ID=${jobId}`,
      ...options,
      host.image,
      'sh',
      '-c',
      COUNT,
    );
  const statuses = (containerId: string): string[] =>
    server
      .of('container')
      .filter((report) => report.containerId === containerId)
      .map(({ status }) => status);
  const lastOf = (containerId: string) =>
    server.of('container').findLast((report) => report.containerId === containerId);
  const outcome = (checkpointId: string) =>
    server.of('checkpoint').findLast((report) => report.checkpointId === checkpointId && report.status !== 'running');
  const count = async (containerId: string): Promise<number> =>
    Number(await host.docker('exec', containerId, 'cat', '/counter'));
  const runsOn = async (containerId: string): Promise<void> => {
    const before = await count(containerId);
    await until('the job runs on', async () => (await count(containerId)) > before);
  };
  const images = (jobId: string): string[] => {
    const directory = join(storage.path, 'batchpoint', 'jobs', jobId);
    return existsSync(directory) ? readdirSync(directory).filter((name) => /^\d{8}-/.test(name)) : [];
  };
  /** A manual checkpoint, as the server commands it; its id. */
  const checkpoint = (jobId: string): { checkpointId: string; commandId: string } => {
    const checkpointId = newId('checkpoint');
    return { checkpointId, commandId: server.send({ type: 'checkpoint', checkpointId, jobId, containerId: null }) };
  };

  it('enrols once, keeps its credential to itself, and describes the host', () => {
    expect(server.enrolments).toBe(1);
    expect(statSync(join(host.stateDir, 'identity.json')).mode & 0o777).toBe(0o600);
    expect(server.sessions.at(-1)!.facts.software.criu).toMatch(/^4\./);
    expect(existsSync(join(storage.path, 'batchpoint', 'store.json'))).toBe(true);
  });

  it('follows a job from start to end, with its policy, and cleans up after success', async () => {
    const options = [
      '-e',
      'AWS_BATCH_JOB_ATTEMPT=2',
      '-e',
      'AWS_BATCH_JQ_NAME=queue',
      '-e',
      'MMC_CHECKPOINT_MODE=sometimes',
    ];
    const containerId = await host.docker(
      ...[
        'run',
        '-d',
        '--network',
        'none',
        '--runtime',
        'batchpoint',
        '-e',
        'AWS_BATCH_JOB_ID=short',
        ...options,
        host.image,
      ],
      ...['sh', '-c', 'while [ ! -e /go ]; do sleep 0.05; done'],
    );
    await until('the job is seen running', () => statuses(containerId).includes('running'));
    expect(lastOf(containerId)).toMatchObject({
      jobId: 'short',
      attempt: 2,
      jobQueue: 'queue',
      protected: true,
      unprotectedReason: null,
    });
    await until('the odd variable is told', () =>
      server.of('job-event').some(({ event, containerId: id }) => event === 'job-policy-ignored' && id === containerId),
    );
    const { checkpointId } = checkpoint('short');
    await until('the checkpoint is committed', () => outcome(checkpointId)?.status === 'committed');
    expect(images('short')).toHaveLength(1);
    await host.docker('exec', containerId, 'touch', '/go');
    await until('its end is told', () => statuses(containerId).includes('exited'));
    expect(lastOf(containerId)).toMatchObject({ exitCode: 0, protected: true });
    await until(
      'its images are gone',
      () => images('short').length === 0 && outcome(checkpointId)?.status === 'deleted',
    );
    await host.docker('rm', containerId);
  });

  it('says why a container is not protected', async () => {
    const plain = await host.docker(
      'run',
      '-d',
      '--network',
      'none',
      '--runtime',
      'runc',
      '-e',
      'AWS_BATCH_JOB_ID=plain',
      host.image,
      'sleep',
      '100',
    );
    await until('it is seen', () => statuses(plain).includes('running'));
    expect(lastOf(plain)).toMatchObject({
      protected: false,
      unprotectedReason: { code: 'not-under-batchpoint-runtime' },
    });
    const { commandId } = checkpoint('plain');
    await until('the command is answered', () => server.results.has(commandId));
    expect(server.results.get(commandId)).toMatchObject({
      status: 'failed',
      failure: { code: 'not-under-batchpoint-runtime' },
    });
    await host.docker('rm', '-f', plain);
    await until('its end is told', () => ['exited', 'lost'].includes(statuses(plain).at(-1)!));
  });

  it('runs one of two checkpoints asked for at once and refuses the other', async () => {
    const containerId = await job('twice');
    await until('it is seen', () => statuses(containerId).includes('running'));
    const asked = [checkpoint('twice'), checkpoint('twice')];
    await until('both are answered', () => asked.every(({ commandId }) => server.results.has(commandId)));
    const results = asked.map(({ commandId }) => server.results.get(commandId)!);
    expect(results.filter(({ status }) => status === 'succeeded')).toHaveLength(1);
    expect(results.find(({ status }) => status === 'failed')).toMatchObject({
      failure: { code: 'checkpoint-in-progress' },
    });
    await runsOn(containerId);
    await host.docker('rm', '-f', containerId);
  });

  it('verifies, deletes and restores a checkpoint on command', async () => {
    const containerId = await job('commands', '--label', 'mine=yes');
    await until('it is seen', () => statuses(containerId).includes('running'));
    const { checkpointId } = checkpoint('commands');
    await until('the checkpoint is committed', () => outcome(checkpointId)?.status === 'committed');

    const verification = server.send({ type: 'verify-checkpoint', checkpointId, jobId: 'commands' });
    await until('it is verified', () => server.results.has(verification));
    expect(server.results.get(verification)).toMatchObject({
      status: 'succeeded',
      output: { bytesRead: expect.any(Number) },
    });

    const tooEarly = server.send({ type: 'restore', restoreId: newId('restore'), checkpointId, jobId: 'commands' });
    await until('the early restore is answered', () => server.results.has(tooEarly));
    expect(server.results.get(tooEarly)).toMatchObject({ status: 'failed', failure: { code: 'job-still-running' } });

    const before = await count(containerId);
    await host.docker('kill', containerId);
    await until('its end is told', () => statuses(containerId).includes('exited'));
    const restoreId = newId('restore');
    const restore = server.send({ type: 'restore', restoreId, checkpointId, jobId: 'commands' });
    await until('the restore is answered', () => server.results.has(restore));
    expect(server.results.get(restore)).toEqual({ status: 'succeeded', output: {} });
    await until('the restore is told', () =>
      server.of('restore').some((report) => report.restoreId === restoreId && report.status === 'succeeded'),
    );
    const restored = server.of('restore').find((report) => report.restoreId === restoreId)!.containerId;
    const inspection = await host.api.getContainer(restored).inspect();
    expect(inspection.Config.Labels['mine']).toBe('yes');
    expect(await count(restored)).toBeGreaterThanOrEqual(before - 40);
    await runsOn(restored);
    // The restored container is checkpointed like any other.
    const second = checkpoint('commands');
    await until('the restored container is checkpointed', () => outcome(second.checkpointId) !== undefined);
    expect(outcome(second.checkpointId)).toMatchObject({ status: 'committed', containerId: restored });
    await host.docker('rm', '-f', containerId, restored);

    const deletion = server.send({ type: 'delete-checkpoint', checkpointId, jobId: 'commands' });
    await until('it is deleted', () => server.results.has(deletion));
    expect(images('commands').some((name) => name.endsWith(checkpointId))).toBe(false);
  });

  it('checks the storage on command: a canary written, and those of others seen', async () => {
    const command = server.send({ type: 'verify-storage', storageId: server.config.storage!.id, nonce: 'nonce-1' });
    await until('it is answered', () => server.results.has(command));
    expect(server.results.get(command)).toMatchObject({
      status: 'succeeded',
      output: { canariesSeen: [server.hostId] },
    });
  });

  it('checkpoints at the interval of the job', async () => {
    const containerId = await job(
      'periodic',
      '-e',
      'MMC_CHECKPOINT_MODE=iterative',
      '-e',
      'MMC_CHECKPOINT_INTERVAL=1s',
    );
    await until(
      'three checkpoints are committed',
      () =>
        server.of('checkpoint').filter(({ jobId, status }) => jobId === 'periodic' && status === 'committed').length >=
        3,
      40,
    );
    const committed = server
      .of('checkpoint')
      .filter(({ jobId, status }) => jobId === 'periodic' && status === 'committed');
    expect(committed.every(({ trigger }) => trigger === 'periodic')).toBe(true);
    expect(images('periodic').length).toBeLessThanOrEqual(3);
    await runsOn(containerId);
    await host.docker('rm', '-f', containerId);
  });

  it('brings its reports when the server comes back, and protects jobs meanwhile', async () => {
    const containerId = await job('offline');
    await until('it is seen', () => statuses(containerId).includes('running'));
    const { checkpointId } = checkpoint('offline');
    await until(
      'the checkpoint begins',
      () =>
        server.of('checkpoint').some((report) => report.checkpointId === checkpointId) || images('offline').length > 0,
    );
    await server.stop();
    const other = await job('offline-too', '-e', 'MMC_CHECKPOINT_MODE=iterative', '-e', 'MMC_CHECKPOINT_INTERVAL=1s');
    await until('a checkpoint is taken without the server', () => images('offline-too').length > 0, 30);
    await server.start();
    await until(
      'the reports arrive',
      () =>
        outcome(checkpointId)?.status === 'committed' &&
        server.of('checkpoint').some((report) => report.jobId === 'offline-too' && report.status === 'committed'),
      40,
    );
    expect(statuses(other)).toContain('running');
    await host.docker('rm', '-f', containerId, other);
  });

  it('survives a restart of Docker and finds jobs that ended meanwhile', async () => {
    const containerId = await job('dockerless');
    await until('it is seen', () => statuses(containerId).includes('running'));
    await agent.kill();
    await host.docker('kill', containerId);
    const vanished = await job('vanished');
    agent.start();
    await until('the end is told', () => statuses(containerId).includes('exited'), 40);
    await until('the new one is seen', () => statuses(vanished).includes('running'));
    await agent.kill();
    await host.docker('rm', '-f', vanished);
    agent.start();
    await until('the vanished one is told', () => statuses(vanished).includes('lost'), 40);
    await host.docker('rm', '-f', containerId);
  });

  it('is replaced by nobody while it runs, and stops when it is asked to', async () => {
    await until('it is back', () => server.heartbeats.length > 0);
    const second = new TestAgent(host, server.url, server.joinToken);
    second.start();
    await until('the second gives up', () => second.log().some(({ msg }) => /another agent/.test(String(msg))));
    await second.stop();
    expect(await agent.stop()).toBe(0);
    agent.start();
    const sessions = server.session;
    await until('it is back', () => server.session > sessions, 40);
  });

  it('opens a new session when its own is stale, and drops reports the server never takes', async () => {
    const { session } = server;
    server.session += 1;
    await until('another session is opened', () => server.session > session + 1, 40);
    expect(readFileSync(join(host.stateDir, 'identity.json'), 'utf8')).toContain(server.credential);
  });
});
