import { BatchSync } from '../../src/server/batch-sync/batch-sync.service.js';
import { HostLiveness } from '../../src/server/hosts/host-liveness.js';
import { Database } from '../../src/server/database/database.js';
import { FakeBatch } from '../fakes/fake-batch.js';
import { linkEnvironment } from '../support/batch-account.js';
import { FakeAgent } from '../support/fake-agent.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { VirtualTime } from '../support/virtual-time.js';

/** What AWS Batch is asked and how often, and what becomes of its word beside the hosts'. Against a stand-in (test/fakes). */
describe('The sync of jobs', () => {
  let batch: FakeBatch;
  let server: TestApp;
  let time: VirtualTime;
  let environmentId: string;
  let queues: string[];
  beforeEach(async () => {
    batch = await FakeBatch.start();
    server = await startTestApp();
    time = new VirtualTime(server);
    queues = Array.from({ length: 10 }, (_, i) => batch.queue(`queue-${i}`));
    environmentId = await linkEnvironment(server, 'spot', queues);
  });
  afterEach(async () => {
    await server.close();
    await batch.close();
  });

  const sync = (of = server): Promise<void> => of.app.get(BatchSync).run();
  const job = async (id: string) => (await server.api('get', `/jobs/${id}`).expect(200)).body;
  const jobSync = async (): Promise<{ at: string; failure: string | null }> =>
    (await server.api('get', `/compute-environments/${environmentId}`).expect(200)).body.jobSync;
  /** Calls that `work` takes, `ListJobs + DescribeJobs`. */
  async function calls(work: () => Promise<void>): Promise<string> {
    const before = { ...batch.calls };
    await work();
    return `${batch.calls.ListJobs - before.ListJobs} + ${batch.calls.DescribeJobs - before.DescribeJobs}`;
  }
  const status = async (): Promise<Record<string, number>> => {
    const rows: { status: string; count: string }[] = await server.app
      .get(Database)
      .manager.query('select status, count(*) from jobs group by 1');
    return Object.fromEntries(rows.map((row) => [row.status, Number(row.count)]));
  };

  describe('makes as many calls as documented', () => {
    let ids: string[];
    beforeEach(async () => {
      // Not for so long that they would be asked about every ten minutes from the start.
      const createdAt = time.now - 400_000;
      ids = queues.flatMap((queue) =>
        Array.from({ length: 100 }, () => batch.submit(queue, { status: 'RUNNABLE', createdAt })),
      );
      // 5 lists a queue; a description for each hundred jobs.
      expect(await calls(sync)).toBe('50 + 10');
      expect(await status()).toEqual({ RUNNABLE: 1_000 });
    });

    it('while nothing changes, ever fewer', async () => {
      expect(await calls(sync)).toBe('0 + 0');
      const perLook: string[] = [];
      for (const seconds of [30, 60, 120, 300, 300, 300]) {
        time.pass(seconds);
        perLook.push(await calls(sync));
      }
      // Queues are asked after 30, 60 ... 300 s, jobs after 30, 60 ... 600 s.
      expect(perLook).toEqual(['10 + 10', '10 + 10', '10 + 10', '10 + 10', '10 + 0', '10 + 10']);
    });

    it('for a hundredth that changed, a hundredth of the calls', async () => {
      for (const id of ids.slice(0, 10)) batch.change(id, { status: 'STARTING' });
      time.pass(30);
      expect(await calls(sync)).toBe('10 + 10');
      expect(await status()).toEqual({ RUNNABLE: 990, STARTING: 10 });
      // From here on only those ten are asked about until the others are due again: in one call.
      for (const id of ids.slice(0, 10)) batch.change(id, { status: 'RUNNING', startedAt: time.now });
      time.pass(30);
      expect(await calls(sync)).toBe('0 + 1');
      expect(await status()).toEqual({ RUNNABLE: 990, RUNNING: 10 });
    });

    it('for new jobs, one a queue and one for each hundred of them', async () => {
      for (let i = 0; i < 150; i += 1) batch.submit(queues[i % 2]!, { createdAt: time.now });
      time.pass(30);
      expect(await calls(sync)).toBe('10 + 12');
      expect(await status()).toEqual({ RUNNABLE: 1_000, SUBMITTED: 150 });
    });
  });

  it('makes as many calls as documented for 20 queues of 100 jobs that wait for an hour already', async () => {
    const createdAt = time.now - 3_600_000;
    queues = [...queues, ...Array.from({ length: 10 }, (_, i) => batch.queue(`further-${i}`))];
    await linkEnvironment(server, 'further', queues.slice(10));
    const ids = queues.flatMap((queue) =>
      Array.from({ length: 100 }, () => batch.submit(queue, { status: 'RUNNABLE', createdAt })),
    );
    const start = time.now;
    expect(await calls(sync)).toBe('100 + 20');
    expect(await status()).toEqual({ RUNNABLE: 2_000 });
    // Ten at once, then ten a second, each pause up to a fifth longer.
    expect(time.now - start).toBeGreaterThan(10_000);
    expect(time.now - start).toBeLessThan(14_000);
    // 20 lists after 30, 60, 120, 240 and then every 300 s; 20 descriptions every 600 s; ended jobs cost nothing.
    const perLook: string[] = [];
    for (const seconds of [60, 120, 240, 300, 300]) {
      time.pass(seconds);
      perLook.push(await calls(sync));
    }
    expect(perLook).toEqual(['20 + 0', '20 + 0', '20 + 0', '20 + 20', '20 + 0']);
    for (const id of ids.slice(0, 100)) batch.change(id, { status: 'SUCCEEDED', stoppedAt: time.now });
    time.pass(600);
    expect(await calls(sync)).toBe('20 + 20');
    expect(await status()).toEqual({ RUNNABLE: 1_900, SUCCEEDED: 100 });
    time.pass(600);
    expect(await calls(sync)).toBe('20 + 19');
  });

  it('does not write to a job that a list shows unchanged', async () => {
    batch.submit(queues[0]!, { status: 'RUNNABLE' });
    await sync();
    const { manager } = server.app.get(Database);
    const row = async (): Promise<unknown> => (await manager.query('select xmin::text, ctid::text from jobs'))[0];
    const before = await row();
    // Due only as a queue, so that nothing but a list is read, which tells of the young job again.
    await manager.query(`update jobs set batch_due_at = null`);
    const untouched = await row();
    expect(untouched).not.toEqual(before);
    time.pass(30);
    expect(await calls(sync)).toBe('10 + 0');
    expect(await row()).toEqual(untouched);
  });

  it('reads the children of an array only when their counts change', async () => {
    const parent = batch.submit(queues[0]!, { status: 'PENDING', arrayProperties: { size: 250 } });
    // 5 lists a queue and the children's; the parent, then its children.
    expect(await calls(sync)).toBe('51 + 4');
    time.pass(30);
    expect(await calls(sync)).toBe('10 + 1');
    batch.change(`${parent}:7`, { status: 'RUNNING' });
    time.pass(60);
    expect(await calls(sync)).toBe('12 + 2');
    expect(await job(`${parent}:7`)).toMatchObject({ status: 'RUNNING', arrayParentId: parent, arrayIndex: 7 });
  });

  it('shows the containers of a task, which is not protected', async () => {
    const containers = [
      { name: 'align', image: 'align:3', resourceRequirements: [{ type: 'VCPU', value: '3' }, { type: 'MEMORY', value: '1024' }] },
      { name: 'log', image: 'log:1', resourceRequirements: [{ type: 'VCPU', value: '1' }, { type: 'MEMORY', value: '512' }] },
    ]; // prettier-ignore
    const id = batch.submit(queues[0]!, { container: undefined, ecsProperties: { taskProperties: [{ containers }] } });
    await sync();
    expect(await job(id)).toMatchObject({
      vcpus: 4,
      memoryBytes: 1536 * 1024 ** 2,
      containers: [
        { name: 'align', image: 'align:3' },
        { name: 'log', image: 'log:1' },
      ],
      protected: false,
      unprotectedReason: { code: 'several-containers', message: expect.stringMatching(/align, log/) },
    });
  });

  it('shows a job whose host was reclaimed as waiting again, and believes the host that comes back', async () => {
    const agent = await FakeAgent.start(server.url, await server.joinToken(environmentId));
    const id = batch.submit(queues[0]!, { status: 'RUNNING', startedAt: time.now });
    await agent.report(agent.container(id, { startedAt: new Date(time.now).toISOString() }));
    await sync();
    const attempts = [{ statusReason: 'Host EC2 (instance i-0123) terminated.', container: {} }];
    batch.change(id, { status: 'RUNNABLE', attempts });
    time.pass(30);
    await sync();
    // The host is there and says that it runs.
    expect(await job(id)).toMatchObject({ status: 'RUNNING' });
    await server.app
      .get(Database)
      .manager.query(`update hosts set last_heartbeat_at = now() - interval '1 hour' where id = $1`, [agent.hostId]);
    expect(await server.app.get(HostLiveness).markSilentHosts()).toEqual([agent.hostId]);
    const waiting = await job(id);
    expect(waiting).toMatchObject({ status: 'RUNNABLE', statusReason: 'Host EC2 (instance i-0123) terminated.' });
    // The loss of the host is reason to ask, before anything is due.
    time.pass(1);
    expect(await calls(sync)).toBe('0 + 1');
    expect(Date.parse((await job(id)).lastKnownAt)).toBeGreaterThan(Date.parse(waiting.lastKnownAt));
    await agent.heartbeat();
    expect(await job(id)).toMatchObject({ status: 'RUNNING', statusReason: null });
  });

  it('slows down when AWS limits it, and says so only when that does not help', async () => {
    // The SDK tries three times by itself for each call of ours.
    batch.throttle(3);
    const before = time.now;
    await sync();
    expect(time.now).toBeGreaterThan(before);
    expect(await jobSync()).toEqual({ at: expect.any(String), failure: null });
    time.pass(30);
    batch.throttle(1_000);
    await sync();
    expect((await jobSync()).failure).toMatch(/limiting calls of batch:(ListJobs|DescribeJobs)/);
    batch.throttle(0);
    time.pass(60);
    await sync();
    expect((await jobSync()).failure).toBeNull();
  });

  it('waits for AWS when it is away, and keeps what it knew', async () => {
    const id = batch.submit(queues[0]!, { status: 'RUNNABLE' });
    await sync();
    const { at } = await jobSync();
    batch.pause();
    time.pass(30);
    await sync();
    expect(await jobSync()).toEqual({ at, failure: expect.stringMatching(/did not answer/) });
    expect(await job(id)).toMatchObject({ status: 'RUNNABLE' });
    batch.resume();
    time.pass(600);
    await sync();
    expect((await jobSync()).failure).toBeNull();
  });

  it('is one replica’s at a time, and another’s when that one dies', async () => {
    const replica = await startTestApp({ databaseUrl: server.databaseUrl });
    try {
      expect(await calls(async () => void (await Promise.all([sync(), sync(replica)])))).toBe('50 + 0');
      const { manager } = server.app.get(Database);
      await manager.query(
        `insert into batch_sync_leases values ('123456789012/us-east-1', 'dead', now() + interval '5 minutes')`,
      );
      time.pass(120);
      expect(await calls(sync)).toBe('0 + 0');
      await manager.query(`update batch_sync_leases set expires_at = now() - interval '1 second'`);
      expect(await calls(sync)).toBe('10 + 0');
    } finally {
      await replica.close();
    }
  });

  it('forgets to ask about what AWS Batch has forgotten', async () => {
    const id = batch.submit(queues[0]!, { status: 'RUNNABLE' });
    await sync();
    batch.forget(id);
    time.pass(30);
    expect(await calls(sync)).toBe('10 + 1');
    time.pass(60);
    expect(await calls(sync)).toBe('10 + 0');
    expect(await job(id)).toMatchObject({ status: 'RUNNABLE' });
  });
});
