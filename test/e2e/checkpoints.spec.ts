import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { asReport, FakeAgent, health } from '../support/fake-agent.js';
import { RunningJobs } from '../support/running-jobs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('Checkpoints', () => {
  let server: TestApp;
  let jobs: RunningJobs;
  let storageId: string;
  beforeAll(async () => {
    server = await startTestApp();
    jobs = await RunningJobs.on(server);
    ({ storageId } = jobs);
  });
  afterAll(() => server.close());

  const trigger = (job: string) => server.api('post', `/jobs/${job}/checkpoints`);
  const get = async (path: string) => (await server.api('get', path).expect(200)).body;

  describe('asked for by hand', () => {
    it('go from the request to the image', async () => {
      const { agent, job } = await jobs.start();
      const accepted = await trigger(job).expect(202);
      const operation = accepted.body;
      expect(accepted.headers.location).toBe(`/api/v1/operations/${operation.id}`);
      expect(accepted.headers['retry-after']).toBeDefined();
      expect(operation).toMatchObject({ type: 'checkpoint', status: 'pending', resource: { type: 'checkpoint' } });
      const listed = await get(`/jobs/${job}/checkpoints`);
      expect(listed.items).toMatchObject([
        { id: operation.resource.id, status: 'pending', trigger: 'manual', operationId: operation.id },
      ]);

      const command = await jobs.takeCommand(agent);
      expect(command).toMatchObject({
        type: 'checkpoint',
        jobId: job,
        containerId: agent.containerId,
        checkpointId: operation.resource.id,
      });
      expect(await get(`/operations/${operation.id}`)).toMatchObject({ status: 'running' });
      const { checkpointId } = command;
      await agent.report(agent.checkpoint(job, 'running', { checkpointId, trigger: 'manual', step: 'freeze' }));
      expect(await get(`/checkpoints/${checkpointId}`)).toMatchObject({ status: 'running', step: 'freeze' });

      const waiting = get(`/operations/${operation.id}?wait=20s`);
      const jobWaiting = get(`/jobs/${job}?wait=20s`);
      const checkpointWaiting = get(`/checkpoints/${checkpointId}?wait=20s`);
      await sleep(200);
      await agent.report(
        agent.checkpoint(job, 'committed', { checkpointId, trigger: 'manual', image: agent.image({ storageId }) }),
      );
      expect((await agent.result(command.id, { status: 'succeeded', output: {} })).status).toBe(204);
      expect((await agent.result(command.id, { status: 'succeeded', output: {} })).status).toBe(204);
      expect(await waiting).toMatchObject({ status: 'succeeded', failure: null });
      expect(await checkpointWaiting).toMatchObject({
        status: 'committed',
        step: null,
        storageId,
        image: { sequence: 1, totalBytes: 3_000_000 },
      });
      expect(await jobWaiting).toMatchObject({
        peakImageBytes: 3_000_000,
        peakResidentBytes: 2_000_000,
        peakWritableLayerBytes: 10_240,
      });
      const events = await get(`/jobs/${job}/events?sort=happenedAt`);
      expect(events.items.map((event: { type: string }) => event.type)).toEqual([
        'job-running',
        'job-checkpointing',
        'job-checkpoint-succeeded',
      ]);
      expect((await agent.poll()).body.items).toEqual([]);
    });

    it('run one at a time', async () => {
      const { job } = await jobs.start();
      const answers = await Promise.all([trigger(job), trigger(job), trigger(job)]);
      expect(answers.map((answer) => answer.status).sort()).toEqual([202, 409, 409]);
      const refused = answers.find((answer) => answer.status === 409)!;
      expect(refused.body.code).toBe('checkpoint-in-progress');
      expect((await get(`/jobs/${job}/checkpoints`)).items).toHaveLength(1);
    });

    it('act once for an idempotency key', async () => {
      const { job } = await jobs.start();
      const first = await trigger(job).set('idempotency-key', 'once').expect(202);
      const second = await trigger(job).set('idempotency-key', 'once').expect(202);
      expect(second.body).toEqual(first.body);
    });

    it('are refused with the reason', async () => {
      const reason = {
        code: 'not-under-batchpoint-runtime' as const,
        message: 'the container was started by runc',
        remedy: 'use the runtime batchpoint',
      };
      const { job } = await jobs.start({ protected: false, unprotectedReason: reason });
      const refused = await trigger(job).expect(409);
      expect(refused.body).toMatchObject({
        code: 'job-unprotected',
        errors: [{ code: 'not-under-batchpoint-runtime' }],
      });
      expect(refused.body.detail).toContain('the container was started by runc (use the runtime batchpoint)');

      const { agent, job: ended } = await jobs.start();
      await agent.report(
        agent.container(ended, { status: 'exited', exitCode: 0, finishedAt: new Date().toISOString() }),
      );
      expect((await trigger(ended).expect(409)).body.code).toBe('job-not-running');
      expect((await trigger('never-heard-of').expect(404)).body.code).toBe('not-found');
      await server.api('post', `/jobs/${job}/checkpoints`, await server.token('viewer')).expect(403);
    });

    it('fail when the agent says so', async () => {
      const { agent, job } = await jobs.start();
      const { body: operation } = await trigger(job).expect(202);
      const command = await jobs.takeCommand(agent);
      const failure = { code: 'checkpoint-in-progress' as const, message: 'a periodic one is under way' };
      await agent.result(command.id, { status: 'failed', failure });
      expect(await get(`/operations/${operation.id}`)).toMatchObject({ status: 'failed', failure });
      expect(await get(`/checkpoints/${operation.resource.id}`)).toMatchObject({ status: 'failed', failure });
      await trigger(job).expect(202);
    });

    it('leave periodic ones alone', async () => {
      const { agent, job } = await jobs.start();
      const { body: operation } = await trigger(job).expect(202);
      const periodic = agent.checkpoint(job, 'running');
      await agent.report(periodic);
      await agent.report({
        ...agent.checkpoint(job, 'committed', { image: agent.image({ storageId }) }),
        checkpointId: periodic.checkpointId,
      });
      const { items } = await get(`/jobs/${job}/checkpoints?sort=createdAt`);
      expect(items).toMatchObject([
        { id: operation.resource.id, trigger: 'manual', status: 'pending' },
        { id: periodic.checkpointId, trigger: 'periodic', status: 'committed' },
      ]);
    });

    it('are cancelled while no host has picked them up', async () => {
      const { agent, job } = await jobs.start();
      const { body: operation } = await trigger(job).expect(202);
      const cancel = (id: string) => server.api('put', `/operations/${id}/cancellation`);
      expect((await cancel(operation.id).expect(200)).body).toMatchObject({ status: 'cancelled' });
      await cancel(operation.id).expect(200);
      expect(await get(`/checkpoints/${operation.resource.id}`)).toMatchObject({
        status: 'failed',
        failure: { code: 'cancelled' },
      });
      expect((await agent.poll()).body.items).toEqual([]);

      const { body: second } = await trigger(job).expect(202);
      await jobs.takeCommand(agent);
      expect((await cancel(second.id).expect(409)).body.code).toBe('operation-not-cancellable');
    });

    it('expire when no agent picks them up', async () => {
      const { agent, job } = await jobs.start();
      const { body: operation } = await trigger(job).expect(202);
      const database = server.app.get(DataSource);
      await database.query(`update commands set expires_at = now() where operation_id = $1`, [operation.id]);
      await database.query(
        `select graphile_worker.add_job('expire-command', json_build_object('commandId', id), job_key := 'expire-command:' || id) from commands where operation_id = $1`,
        [operation.id],
      );
      expect(await get(`/operations/${operation.id}?wait=20s`)).toMatchObject({
        status: 'failed',
        failure: { code: 'expired' },
      });
      expect(await get(`/checkpoints/${operation.resource.id}`)).toMatchObject({
        status: 'failed',
        failure: { code: 'expired' },
      });
      expect((await agent.poll()).body.items).toEqual([]);
    });
  });

  describe('changed by hand', () => {
    it('are pinned, which their host learns, and labelled', async () => {
      const { agent, job } = await jobs.start();
      const id = await jobs.commit(agent, job);
      const { revision } = (await agent.heartbeat()).body.config!;
      const read = await server.api('get', `/checkpoints/${id}`).expect(200);
      const patched = await server
        .api('patch', `/checkpoints/${id}`)
        .set('if-match', read.headers.etag!)
        .send({ pinned: true, labels: { why: 'release' } })
        .expect(200);
      expect(patched.body).toMatchObject({ pinned: true, labels: { why: 'release' } });
      const { config } = (await agent.heartbeat({}, { 'if-none-match': revision })).body;
      expect(config!.pinnedCheckpoints).toEqual([id]);
      expect((await server.api('delete', `/checkpoints/${id}`).expect(409)).body.code).toBe('checkpoint-pinned');
    });

    it('are deleted by a host, but not the last of a running job unless forced', async () => {
      const { agent, job } = await jobs.start();
      await agent.heartbeat({ storage: health(storageId) });
      const [first, second] = [await jobs.commit(agent, job, 1), await jobs.commit(agent, job, 2)];
      const both = await Promise.all([
        server.api('delete', `/checkpoints/${first}`),
        server.api('delete', `/checkpoints/${second}`),
      ]);
      expect(both.map((answer) => answer.status).sort()).toEqual([202, 409]);
      const [deleted, kept] = both[0].status === 202 ? [first, second] : [second, first];
      expect(both.find((answer) => answer.status === 409)!.body.code).toBe('last-restorable-checkpoint');
      expect((await server.api('delete', `/checkpoints/${deleted}`).expect(409)).body.code).toBe(
        'operation-in-progress',
      );
      const { body } = await agent.poll('5s');
      expect(body.items).toMatchObject([{ type: 'delete-checkpoint', checkpointId: deleted, jobId: job }]);
      await agent.result(body.items[0]!.id, { status: 'succeeded', output: {} });
      expect(await get(`/checkpoints/${deleted}`)).toMatchObject({ status: 'deleted' });
      expect((await server.api('delete', `/checkpoints/${deleted}`).expect(409)).body.code).toBe(
        'checkpoint-not-committed',
      );
      await server.api('delete', `/checkpoints/${kept}?force=true`).expect(202);
    });

    it('are verified by reading them back', async () => {
      const { agent, job } = await jobs.start();
      const id = await jobs.commit(agent, job);
      const run = async (result: Parameters<FakeAgent['result']>[1]) => {
        const { body: operation } = await server.api('post', `/checkpoints/${id}/verifications`).expect(202);
        const { body } = await agent.poll('5s');
        expect(body.items[0]).toMatchObject({ type: 'verify-checkpoint', checkpointId: id });
        await agent.result(body.items[0]!.id, result);
        return get(`/operations/${operation.id}`);
      };
      expect(await run({ status: 'succeeded', output: { bytesRead: 3_000_000, seconds: 0.1 } })).toMatchObject({
        status: 'succeeded',
        result: { bytesRead: 3_000_000 },
      });
      expect((await get(`/checkpoints/${id}`)).verification).toMatchObject({ failure: null });
      const failure = { code: 'digest-mismatch' as const, message: 'pages-1.img has another digest' };
      expect(await run({ status: 'failed', failure })).toMatchObject({ status: 'failed', failure });
      expect((await get(`/checkpoints/${id}`)).verification).toMatchObject({ failure });
    });
  });

  it('are listed by page and filter', async () => {
    const { agent, job } = await jobs.start();
    const ids: string[] = [];
    for (let i = 1; i <= 5; i += 1) ids.push(await jobs.commit(agent, job, i));
    await agent.report(agent.checkpoint(job, 'failed'));
    const pages: string[][] = [];
    let path: string | undefined = `/api/v1/jobs/${job}/checkpoints?pageSize=2&status=committed&sort=createdAt`;
    while (path !== undefined) {
      const answer: { body: { items: { id: string }[] }; headers: Record<string, string> } = await server
        .raw('get', path)
        .set('authorization', `Bearer ${server.adminToken}`)
        .expect(200);
      pages.push(answer.body.items.map((item) => item.id));
      path = /<(.*)>/.exec(answer.headers.link ?? '')?.[1];
    }
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(pages.flat()).toEqual(ids);
    expect((await get(`/checkpoints?jobId=${job}&status=failed`)).items).toHaveLength(1);
    expect((await get(`/checkpoints?hostId=${agent.hostId}&storageId=${storageId}`)).items).toHaveLength(5);
    await server.api('get', `/checkpoints?status=done`).expect(400);
  });

  it('tell where they can restore, and why not elsewhere', async () => {
    const { agent, job } = await jobs.start();
    const id = await jobs.commit(agent, job);
    const other = await FakeAgent.start(server.url, jobs.joinToken, {
      storageId,
      facts: {
        architecture: 'aarch64',
        cgroupVersion: 1,
        software: { batchpoint: '0.1.0', criu: null, runc: null, docker: null },
      },
    });
    const { items } = await get(`/checkpoints/${id}/restore-targets?pageSize=200`);
    const of = (host: FakeAgent) => items.find((item: { hostId: string }) => item.hostId === host.hostId);
    expect(of(agent)).toMatchObject({ suitable: true, obstacles: [] });
    expect(of(other).suitable).toBe(false);
    const codes = of(other).obstacles.map((obstacle: { code: string }) => obstacle.code);
    expect(codes).toEqual(['architecture-mismatch', 'host-not-ready', 'cgroup-version-mismatch']);
    await server.api('patch', `/hosts/${agent.hostId}`).send({ draining: true }).expect(200);
    await agent.heartbeat({ storage: null });
    const after = (await get(`/checkpoints/${id}/restore-targets?pageSize=200`)).items;
    expect(after.find((item: { hostId: string }) => item.hostId === agent.hostId).obstacles).toMatchObject([
      { code: 'host-not-ready' },
      { code: 'storage-not-mounted' },
    ]);
  });

  it('show in the metrics', async () => {
    const { agent, job } = await jobs.start();
    await jobs.commit(agent, job);
    const { text } = await server.raw('get', '/metrics').expect(200);
    const ours = text
      .split('\n')
      .filter((line) => /^batchpoint_(checkpoints|hosts|open_commands)/.test(line))
      .join('\n');
    expect(ours).toMatch(/batchpoint_checkpoints\{status="committed",trigger="periodic"\} \d+/);
    expect(ours).toMatch(/batchpoint_hosts\{status="online"\} \d+/);
    expect(ours).toMatch(/batchpoint_open_commands\{/);
    expect(text.includes(job)).toBe(false);
  });

  it('are not overwritten by what arrives late', async () => {
    const { agent, job } = await jobs.start();
    const id = await jobs.commit(agent, job);
    const late = asReport(agent.checkpoint(job, 'running', { checkpointId: id }), '2026-01-31T12:00:00.000Z');
    expect((await agent.send(late)).body.accepted).toBe(1);
    expect(await get(`/checkpoints/${id}`)).toMatchObject({ status: 'committed', step: null });
    expect((await agent.send(late)).body).toEqual({ accepted: 0, duplicates: 1, rejected: [] });
  });
});
