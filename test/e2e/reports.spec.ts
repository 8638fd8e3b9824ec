import fc from 'fast-check';
import { DataSource } from 'typeorm';
import type { Report, ReportBody } from '../../src/protocol/agent-api.js';
import { newId } from '../../src/protocol/ids.js';
import { HostLiveness } from '../../src/server/hosts/host-liveness.js';
import { asReport, FakeAgent } from '../support/fake-agent.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 31, 12, 0, second)).toISOString();

describe('Reports', () => {
  let server: TestApp;
  let joinToken: string;
  beforeAll(async () => {
    server = await startTestApp();
    joinToken = await server.joinToken();
  });
  afterAll(() => server.close());

  const get = async (path: string) => (await server.api('get', path).expect(200)).body;

  it('make a job known, over all its attempts', async () => {
    const [a, b] = [await FakeAgent.start(server.url, joinToken), await FakeAgent.start(server.url, joinToken)];
    await a.report(a.container('two-attempts'));
    const first = await get('/jobs/two-attempts');
    expect(first).toMatchObject({
      jobId: 'two-attempts',
      status: 'RUNNING',
      hostId: a.hostId,
      protected: true,
      attempt: 1,
      policy: { keep: 2 },
    });
    expect(await get(`/jobs/${first.id}`)).toEqual(first);
    await b.report(b.container('two-attempts', { attempt: 2, startedAt: '2026-01-31T13:00:00.000Z' }));
    await a.report(
      a.container('two-attempts', { status: 'exited', exitCode: 137, finishedAt: '2026-01-31T12:30:00.000Z' }),
    );
    const second = await get('/jobs/two-attempts');
    expect(second).toMatchObject({ id: first.id, status: 'RUNNING', hostId: b.hostId, attempt: 2, exitCode: null });
    expect(second.attempts).toMatchObject([
      { attempt: 1, hostId: a.hostId, status: 'exited', exitCode: 137 },
      { attempt: 2, hostId: b.hostId, status: 'running' },
    ]);
    await b.report(
      b.container('two-attempts', { attempt: 2, startedAt: '2026-01-31T13:00:00.000Z', status: 'exited', exitCode: 0 }),
    );
    expect(await get('/jobs/two-attempts?wait=20s')).toMatchObject({ status: 'SUCCEEDED', exitCode: 0 });
    const items = (await get('/jobs?jobQueue=spot&status=SUCCEEDED')).items as { jobId: string }[];
    expect(items.map((job) => job.jobId)).toEqual(['two-attempts']);
  });

  it('that are malformed are rejected by name and hold up no other', async () => {
    const agent = await FakeAgent.start(server.url, joinToken);
    const good = asReport(agent.container('good'));
    const bad = { ...asReport(agent.container('bad')), status: 'sleeping' } as unknown as Report;
    const imageless = asReport({ ...agent.checkpoint('good', 'committed'), image: undefined });
    const { status, body } = await agent.send(bad, good, imageless);
    expect(status).toBe(200);
    expect(body).toMatchObject({ accepted: 1, duplicates: 0 });
    expect(body.rejected).toEqual([
      { id: bad.id, detail: expect.stringContaining('status') },
      { id: imageless.id, detail: expect.stringContaining('image') },
    ]);
    await server.api('get', '/jobs/bad').expect(404);
    expect((await agent.send(bad, good)).body).toEqual({ accepted: 0, duplicates: 2, rejected: [] });
    expect((await agent.send(...Array.from({ length: 201 }, () => good))).status).toBe(400);
  });

  it('about the things of another host are rejected', async () => {
    const [owner, stranger] = [
      await FakeAgent.start(server.url, joinToken),
      await FakeAgent.start(server.url, joinToken),
    ];
    const running = owner.checkpoint('owned', 'running');
    const { checkpointId } = running;
    const restore = {
      type: 'restore' as const,
      restoreId: newId('restore'),
      jobId: 'owned',
      checkpointId,
      containerId: owner.containerId,
    };
    await owner.report(owner.container('owned'), running, { ...restore, status: 'running' });
    const foreign: ReportBody[] = [
      { ...stranger.container('owned'), containerId: owner.containerId, status: 'exited', exitCode: 1 },
      stranger.checkpoint('owned', 'committed', { checkpointId }),
      stranger.checkpoint('owned', 'deleted', { checkpointId }),
      { ...restore, status: 'failed', failure: { code: 'internal', message: 'no' } },
    ];
    const { body } = await stranger.report(...foreign);
    expect(body).toMatchObject({
      accepted: 0,
      rejected: Array(4).fill({ detail: expect.stringContaining('another host') }),
    });
    expect(await get('/jobs/owned')).toMatchObject({ status: 'RUNNING', hostId: owner.hostId });
    expect(await get(`/checkpoints/${checkpointId}`)).toMatchObject({ status: 'running' });
    expect(await get(`/restores/${restore.restoreId}`)).toMatchObject({ status: 'running', trigger: 'automatic' });
    // Once the job runs there too, that host prunes the shared storage.
    const pruned = await stranger.report(
      stranger.container('owned', { startedAt: at(3600) }),
      stranger.checkpoint('owned', 'deleted', { checkpointId }),
    );
    expect(pruned.body).toMatchObject({ accepted: 2, rejected: [] });
  });

  it('converge, whatever their order and however often they come', async () => {
    const [a, b] = [await FakeAgent.start(server.url, joinToken), await FakeAgent.start(server.url, joinToken)];
    let run = 0;
    /** What two attempts of a job, with a restore between them, report. */
    const story = (job: string, ids: { checkpoints: string[]; restore: string }): [FakeAgent, Report][] => {
      const [first, second] = ids.checkpoints as [string, string];
      const later = { attempt: 2, startedAt: at(20) };
      const restore = {
        type: 'restore' as const,
        restoreId: ids.restore,
        jobId: job,
        checkpointId: first,
        containerId: b.containerId,
      };
      return [
        [a, asReport(a.container(job, { status: 'created', startedAt: null }), at(0))],
        [a, asReport(a.container(job, { startedAt: at(1) }), at(1))],
        [a, asReport(a.checkpoint(job, 'running', { checkpointId: first, step: 'freeze' }), at(2))],
        [a, asReport(a.checkpoint(job, 'running', { checkpointId: first, step: 'dump' }), at(3))],
        [a, asReport(a.checkpoint(job, 'committed', { checkpointId: first }), at(4))],
        [a, asReport(a.checkpoint(job, 'running', { checkpointId: second }), at(5))],
        [a, asReport(a.checkpoint(job, 'failed', { checkpointId: second }), at(6))],
        [
          a,
          asReport(a.container(job, { status: 'exited', exitCode: 137, startedAt: at(1), finishedAt: at(7) }), at(7)),
        ],
        [b, asReport(b.container(job, { ...later, status: 'created', startedAt: null }), at(20))],
        [b, asReport({ ...restore, status: 'running', step: 'verify' }, at(21))],
        [b, asReport({ ...restore, status: 'succeeded', restoreSeconds: 1.5, verifySeconds: 0.5 }, at(22))],
        [b, asReport(b.container(job, later), at(23))],
        [b, asReport(b.checkpoint(job, 'deleted', { checkpointId: first }), at(24))],
      ];
    };
    const tell = async (order: number[], batch: number): Promise<unknown> => {
      const job = `story-${(run += 1)}`;
      const ids = { checkpoints: [newId('checkpoint'), newId('checkpoint')], restore: newId('restore') };
      const reports = story(job, ids);
      // Host b may only delete a's image once it is known to run the job: its first report comes before, as it does in truth.
      await b.send(reports[8]![1]);
      const calls: { agent: FakeAgent; items: Report[] }[] = [];
      for (const index of order) {
        const [agent, report] = reports[index]!;
        const last = calls.at(-1);
        if (last?.agent === agent && last.items.length < batch) last.items.push(report);
        else calls.push({ agent, items: [report] });
      }
      for (const { agent, items } of calls) expect((await agent.send(...items)).body.rejected).toEqual([]);
      const all = [
        await get(`/jobs/${job}`),
        ...(await Promise.all(ids.checkpoints.map((id) => get(`/checkpoints/${id}`)))),
        await get(`/restores/${ids.restore}`),
      ];
      const events = (await get(`/jobs/${job}/events?pageSize=200`)).items as { type: string }[];
      return JSON.parse(
        JSON.stringify([all, events.map((event) => event.type).sort()], (key, value: unknown) =>
          ['id', 'jobId', 'version', 'createdAt', 'updatedAt', 'checkpointId', 'lastKnownAt'].includes(key)
            ? undefined
            : value,
        ),
      ) as unknown;
    };
    const inOrder = Array.from({ length: 13 }, (_, index) => index);
    const expected = await tell(inOrder, 200);
    expect(expected).toMatchObject([
      [
        { status: 'RUNNING', hostId: b.hostId },
        { status: 'deleted', image: { sequence: 1 } },
        { status: 'failed' },
        { status: 'succeeded' },
      ],
      expect.anything(),
    ]);
    const orders = fc
      .tuple(
        fc.shuffledSubarray(inOrder, { minLength: 13, maxLength: 13 }),
        fc.array(fc.constantFrom(...inOrder), { maxLength: 6 }),
      )
      .map(([order, again]) => [...order, ...again]);
    await fc.assert(
      fc.asyncProperty(orders, fc.integer({ min: 1, max: 13 }), async (order, batch) => {
        expect(await tell(order, batch)).toEqual(expected);
      }),
      { numRuns: 10 },
    );
  });

  it('from two hosts at once about the same jobs do not block each other', async () => {
    const agents = [await FakeAgent.start(server.url, joinToken), await FakeAgent.start(server.url, joinToken)];
    const jobs = Array.from({ length: 8 }, (_, index) => `shared-${index}`);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, round) => agents[round % 2]!).map((agent, round) =>
        agent.report(...(round % 2 === 0 ? jobs : jobs.toReversed()).map((job) => agent.container(job))),
      ),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array(10).fill(200));
  });

  it('correct what the server concluded while their host was silent', async () => {
    const agent = await FakeAgent.start(server.url, joinToken);
    await agent.report(agent.container('silent'));
    const periodic = agent.checkpoint('silent', 'running');
    await agent.report(periodic);
    const { body: operation } = await server.api('post', '/jobs/silent/checkpoints').expect(409);
    expect(operation.code).toBe('checkpoint-in-progress');
    await server.app
      .get(DataSource)
      .query(`update hosts set last_heartbeat_at = now() - interval '1 hour' where id = $1`, [agent.hostId]);
    const before = await get('/jobs/silent');
    expect(await server.app.get(HostLiveness).markSilentHosts()).toEqual([agent.hostId]);
    expect(await get(`/hosts/${agent.hostId}`)).toMatchObject({ status: 'offline' });
    expect(await get(`/checkpoints/${periodic.checkpointId}`)).toMatchObject({
      status: 'failed',
      failure: { code: 'host-offline' },
    });
    expect((await server.api('post', '/jobs/silent/checkpoints').expect(409)).body.code).toBe('host-offline');
    expect((await get('/jobs/silent')).lastKnownAt).toBe(before.lastKnownAt);

    await agent.heartbeat({ unsentReports: 1 });
    expect((await get('/jobs/silent')).lastKnownAt).toBe(before.lastKnownAt);
    await agent.report(agent.checkpoint('silent', 'committed', { checkpointId: periodic.checkpointId }));
    expect(await get(`/checkpoints/${periodic.checkpointId}`)).toMatchObject({ status: 'committed', failure: null });
    await agent.heartbeat();
    expect(Date.parse((await get('/jobs/silent')).lastKnownAt)).toBeGreaterThan(Date.parse(before.lastKnownAt));
    expect(await get(`/hosts/${agent.hostId}`)).toMatchObject({ status: 'online' });
  });

  it('fail the operations of a host that is lost', async () => {
    const agent = await FakeAgent.start(server.url, joinToken);
    await agent.report(agent.container('reclaimed'));
    const { body: operation } = await server.api('post', '/jobs/reclaimed/checkpoints').expect(202);
    await agent.poll();
    await server.app
      .get(DataSource)
      .query(`update hosts set last_heartbeat_at = now() - interval '1 hour' where id = $1`, [agent.hostId]);
    const waiting = get(`/operations/${operation.id}?wait=20s`);
    await server.app.get(HostLiveness).markSilentHosts();
    expect(await waiting).toMatchObject({
      status: 'failed',
      failure: { code: 'host-offline', message: expect.stringContaining('has not been heard of since') },
    });
  });
});
