import { FakeAgent, health } from '../support/fake-agent.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('Restores', () => {
  let server: TestApp;
  let joinToken: string;
  let storageId: string;
  let count = 0;
  beforeAll(async () => {
    server = await startTestApp();
    const storage = await server
      .api('post', '/storages')
      .send({ name: 'images', kind: 'local', mountPath: '/mnt/images', settings: {} })
      .expect(201);
    storageId = storage.body.id;
    joinToken = await server.joinToken();
  });
  afterAll(() => server.close());

  const get = async (path: string) => (await server.api('get', path).expect(200)).body;
  const restore = (body: object) => server.api('post', '/restores').send(body);

  /** A job that ended on its host with an image left. */
  async function ended(): Promise<{ agent: FakeAgent; job: string; checkpointId: string }> {
    const agent = await FakeAgent.start(server.url, joinToken, { storageId });
    const job = `job-${(count += 1)}`;
    const committed = agent.checkpoint(job, 'committed', { image: agent.image({ storageId }) });
    await agent.report(agent.container(job), committed, agent.container(job, { status: 'exited', exitCode: 137 }));
    return { agent, job, checkpointId: committed.checkpointId };
  }

  it('continue a job where its image was taken, or where they are told', async () => {
    const { agent, job, checkpointId } = await ended();
    const accepted = await restore({ checkpointId }).expect(202);
    const restoreId = accepted.body.resource.id;
    expect(accepted.body).toMatchObject({
      type: 'restore',
      status: 'pending',
      resource: { type: 'restore', href: `/api/v1/restores/${restoreId}` },
    });
    expect((await restore({ checkpointId }).expect(409)).body.code).toBe('restore-in-progress');
    const { body } = await agent.poll('5s');
    expect(body.items).toMatchObject([{ type: 'restore', restoreId, checkpointId, jobId: job }]);
    const report = { type: 'restore' as const, restoreId, jobId: job, checkpointId, containerId: 'c2' };
    await agent.report({ ...report, status: 'running', step: 'verify' });
    expect(await get(`/restores/${restoreId}`)).toMatchObject({
      status: 'running',
      step: 'verify',
      trigger: 'manual',
      hostId: agent.hostId,
    });
    await agent.report(agent.container(job, { containerId: 'c2', startedAt: '2026-01-31T14:00:00.000Z' }));
    await agent.report({ ...report, status: 'succeeded', restoreSeconds: 1.25, verifySeconds: 0.5 });
    expect(await get(`/restores/${restoreId}?wait=20s`)).toMatchObject({
      status: 'succeeded',
      restoreSeconds: 1.25,
      containerId: 'c2',
    });
    expect(await get(`/operations/${accepted.body.id}?wait=20s`)).toMatchObject({ status: 'succeeded' });
    expect((await get(`/restores?jobId=${job}&status=succeeded&trigger=manual`)).items).toHaveLength(1);
    expect((await restore({ checkpointId }).expect(409)).body.code).toBe('job-still-running');
  });

  it('refuse a host that cannot take the image, with every reason', async () => {
    const { agent, checkpointId } = await ended();
    const other = await FakeAgent.start(server.url, joinToken, { facts: { kernel: '5.10.0', cgroupVersion: 1 } });
    const refused = await restore({ checkpointId, hostId: other.hostId }).expect(409);
    expect(refused.body.code).toBe('no-restore-target');
    expect(refused.body.errors.map((error: { code: string }) => error.code)).toEqual([
      'kernel-too-old',
      'cgroup-version-mismatch',
      'storage-not-mounted',
    ]);
    expect(
      (await restore({ checkpointId, hostId: 'host_019aa0b4-6f0c-7c3e-9b1f-000000000000' }).expect(400)).body.errors,
    ).toMatchObject([{ pointer: '/hostId' }]);
    expect((await restore({ checkpointId: 'ckpt_019aa0b4-6f0c-7c3e-9b1f-000000000000' }).expect(404)).body.code).toBe(
      'not-found',
    );
    await restore({}).expect(400);
    await agent.heartbeat({ storage: { ...health(storageId), ready: false, reason: 'not mounted' } });
    expect((await restore({ checkpointId, hostId: agent.hostId }).expect(409)).body.detail).toContain('not mounted');
  });

  it('fail with the words of the host', async () => {
    const { agent, job, checkpointId } = await ended();
    const { body: operation } = await restore({ checkpointId, hostId: agent.hostId }).expect(202);
    const { body } = await agent.poll('5s');
    const failure = { code: 'container-create-failed' as const, message: 'the image busybox:1 is not on this host' };
    await agent.result(body.items[0]!.id, { status: 'failed', failure });
    expect(await get(`/operations/${operation.id}`)).toMatchObject({ status: 'failed', failure });
    expect(await get(`/restores/${operation.resource.id}`)).toMatchObject({ status: 'failed', failure });
    expect(await get(`/jobs/${job}`)).toMatchObject({ status: 'FAILED' });
  });

  it('the runtime did by itself are reported, even from an image nobody told of', async () => {
    const agent = await FakeAgent.start(server.url, joinToken);
    const report = {
      type: 'restore' as const,
      restoreId: 'rst_019aa0b4-6f0c-7c3e-9b1f-0000000000aa',
      jobId: 'alone',
      checkpointId: 'ckpt_019aa0b4-6f0c-7c3e-9b1f-0000000000aa',
      containerId: agent.containerId,
    };
    await agent.report(
      agent.container('alone'),
      { ...report, status: 'running' },
      { ...report, status: 'succeeded', restoreSeconds: 1, verifySeconds: 1 },
    );
    expect(await get(`/restores/${report.restoreId}`)).toMatchObject({
      status: 'succeeded',
      trigger: 'automatic',
      operationId: null,
    });
    const { items } = await get('/jobs/alone/events?type=job-restore-succeeded');
    expect(items).toMatchObject([{ restoreId: report.restoreId, checkpointId: report.checkpointId }]);
  });
});
