import { jest } from '@jest/globals';
import { BatchSync } from '../../src/server/batch-sync/batch-sync.service.js';
import { Database } from '../../src/server/database/database.js';
import { BatchAccount, linkEnvironment } from '../support/batch-account.js';
import { FakeAgent } from '../support/fake-agent.js';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

interface JobAnswer {
  id: string;
  jobId: string;
  status: string;
  [field: string]: unknown;
}

/** Jobs that no host has reported, as AWS Batch tells of them. */
describeNeeding(['moto'], 'Jobs of AWS Batch', () => {
  let moto: Moto;
  let server: TestApp;
  let account: BatchAccount;
  beforeAll(async () => {
    // Its Batch finds no engine to run containers with: jobs wait as long as we like, and then fail.
    moto = await startMoto({ dockerHost: 'unix:///nowhere/docker.sock' });
    server = await startTestApp();
    account = new BatchAccount(moto.url);
  });
  afterEach(() => moto.allowAll());
  afterAll(async () => {
    account.close();
    await server.close();
    await moto.close();
  });

  let serial = 0;
  const name = (): string => `n${(serial += 1)}`;
  const sync = (): Promise<void> => server.app.get(BatchSync).run();
  const job = async (id: string): Promise<JobAnswer> => (await server.api('get', `/jobs/${id}`).expect(200)).body;
  const list = async (query: string): Promise<JobAnswer[]> =>
    (await server.api('get', `/jobs?${query}`).expect(200)).body.items;
  /** As after the time it takes until everything is asked about again. */
  const everythingIsDue = async (): Promise<void> => {
    const { manager } = server.app.get(Database);
    await manager.query(`update batch_queues set due_at = now()`);
    await manager.query(`update jobs set batch_due_at = now() where batch_due_at is not null`);
  };
  /** The emulator goes on in its own time. */
  async function syncUntil(id: string, status: string): Promise<JobAnswer> {
    for (;;) {
      await everythingIsDue();
      await sync();
      const found = await job(id);
      if (found.status === status) return found;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  it('are seen before they have a container, and how they end', async () => {
    const queue = await account.queue(name());
    const environment = await linkEnvironment(server, name(), [queue]);
    const jobDefinition = await account.definition(name());
    await account.hold();
    const id = await account.submit({ jobQueue: queue, jobDefinition, jobName: 'second' });
    await sync();
    expect(await list('jobName=second')).toMatchObject([
      {
        jobId: id,
        status: 'SUBMITTED',
        jobQueue: queue.split('/').at(-1),
        jobDefinition: jobDefinition.split('/').at(-1),
        vcpus: 1,
        memoryBytes: 512 * 1024 ** 2,
        command: ['sleep', '1'],
        hostId: null,
        protected: false,
        unprotectedReason: null,
        attempts: [],
      },
    ]);
    await account.letGo();
    const ended = await syncUntil(id, 'FAILED');
    expect(ended.stoppedAt).not.toBeNull();
    const { body } = await server.api('get', `/jobs/${id}/events`).expect(200);
    expect(body.items).toMatchObject([{ type: 'job-failed' }]);
    const { body: seen } = await server.api('get', `/compute-environments/${environment}`).expect(200);
    expect(seen.jobSync).toEqual({ at: expect.any(String), failure: null });
  });

  it('of an array are its parent and each child', async () => {
    const queue = await account.queue(name());
    await linkEnvironment(server, name(), [queue]);
    await account.hold();
    const jobDefinition = await account.definition(name());
    const parent = await account.submit({ jobQueue: queue, jobDefinition, arrayProperties: { size: 3 } });
    await sync();
    expect(await job(parent)).toMatchObject({ arraySize: 3, arrayParentId: null, arrayIndex: null });
    const children = await list(`arrayParentId=${parent}`);
    expect(children.map((child) => [child.jobId, child.arrayIndex]).sort()).toEqual([
      [`${parent}:0`, 0],
      [`${parent}:1`, 1],
      [`${parent}:2`, 2],
    ]);
    expect(children[0]).toMatchObject({ status: 'SUBMITTED', vcpus: 1 });
    await account.letGo();
    await syncUntil(`${parent}:1`, 'FAILED');
  });

  it('of several nodes are shown, and never protected, whatever their host says', async () => {
    const queue = await account.queue(name());
    const environment = await linkEnvironment(server, name(), [queue]);
    await account.hold();
    const container = { image: 'busybox', vcpus: 1, memory: 512, command: ['true'] };
    const jobDefinition = await account.definition(name(), {
      type: 'multinode',
      containerProperties: undefined,
      nodeProperties: { numNodes: 2, mainNode: 0, nodeRangeProperties: [{ targetNodes: '0:1', container }] },
    });
    const id = await account.submit({ jobQueue: queue, jobDefinition });
    await sync();
    const refused = { nodeCount: 2, protected: false, unprotectedReason: { code: 'multi-node-job' } };
    expect(await job(id)).toMatchObject(refused);
    const agent = await FakeAgent.start(server.url, await server.joinToken(environment));
    await agent.report(agent.container(id));
    expect(await job(id)).toMatchObject({ status: 'RUNNING', ...refused });
    const { body } = await server.api('post', `/jobs/${id}/checkpoints`).expect(409);
    expect(body.detail).toMatch(/multi-node/);
  });

  it('that came and went between two looks are seen too', async () => {
    const queue = await account.queue(name());
    await linkEnvironment(server, name(), [queue]);
    await account.letGo();
    const jobDefinition = await account.definition(name());
    await sync();
    const id = await account.submit({ jobQueue: queue, jobDefinition });
    await until(async () => {
      await everythingIsDue();
      await sync();
      return (await server.api('get', `/jobs/${id}`)).body.status === 'FAILED';
    });
  });

  it('of an account that denies it are not known, which its operator sees, and others are', async () => {
    const queue = await account.queue(name());
    const environment = await linkEnvironment(server, name(), [queue], { roleArn: await account.role('denied') });
    const denied = async () => (await server.api('get', `/compute-environments/${environment}`).expect(200)).body;
    await moto.enforceIam();
    await sync();
    await moto.allowAll();
    expect((await denied()).jobSync).toEqual({ at: null, failure: expect.stringMatching(/batch:ListJobs/) });
    const { body } = await server.api('get', `/compute-environments/${environment}/findings`).expect(200);
    expect(body.items).toContainEqual(
      expect.objectContaining({
        code: 'job-sync-failed',
        severity: 'warning',
        remedy: expect.stringMatching(/ListJobs/),
      }),
    );
    // Not asked again at once ...
    await sync();
    expect((await denied()).jobSync.failure).not.toBeNull();
    // ... but after a while.
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
    await sync();
    jest.restoreAllMocks();
    expect((await denied()).jobSync).toEqual({ at: expect.any(String), failure: null });
  });

  it('of a queue that is no longer there trouble only its own environment', async () => {
    const gone = 'arn:aws:batch:us-east-1:123456789012:job-queue/gone';
    const queue = await account.queue(name());
    const one = await linkEnvironment(server, name(), [gone]);
    const other = await linkEnvironment(server, name(), [queue]);
    await sync();
    const failure = async (id: string): Promise<string | null> =>
      (await server.api('get', `/compute-environments/${id}`).expect(200)).body.jobSync.failure;
    expect(await failure(one)).toMatch(/gone does not exist/);
    expect(await failure(other)).toBeNull();
  });
});
