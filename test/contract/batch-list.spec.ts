import { AwsClients } from '../../src/server/aws/aws-clients.js';
import type { AwsAccess } from '../../src/server/aws/aws-access.js';
import { BatchJobsApi, type BatchJobList } from '../../src/server/aws/batch-jobs.api.js';
import type { BatchJobSummary } from '../../src/server/aws/batch-job.js';
import { FakeBatch } from '../fakes/fake-batch.js';
import { BatchAccount } from '../support/batch-account.js';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';

const ACCESS: AwsAccess = { region: 'us-east-1', roleArn: null, externalId: null };

/** AWS Batch as both have it. */
interface Subject {
  /** ARN. */
  queue(name: string): Promise<string>;
  /** An array when `size` is given. */
  submit(queue: string, jobName: string, size?: number): Promise<string>;
}

/** The answers the sync relies on, whoever gives them. */
function answersLikeBatch(subject: () => Subject): void {
  let clients: AwsClients;
  let api: BatchJobsApi;
  beforeAll(() => {
    clients = new AwsClients();
    api = new BatchJobsApi(clients);
  });
  afterAll(() => clients.onApplicationShutdown());

  const list = async (what: BatchJobList): Promise<BatchJobSummary[]> => (await api.listJobs(ACCESS, what, null)).jobs;
  const ids = async (what: BatchJobList): Promise<string[]> => (await list(what)).map((job) => job.jobId).sort();

  it('lists the jobs of a queue in a status', async () => {
    const queueArn = await subject().queue('one');
    const jobId = await subject().submit(queueArn, 'align');
    expect(await list({ queueArn, status: 'SUBMITTED' })).toEqual([
      {
        jobId,
        jobName: 'align',
        status: 'SUBMITTED',
        statusReason: null,
        createdAt: expect.any(Number),
        startedAt: null,
        stoppedAt: null,
        jobDefinition: expect.stringMatching(/^arn:aws:batch:us-east-1:123456789012:job-definition\/.+:1$/),
        arraySize: null,
        childStatuses: null,
      },
    ]);
    expect(await list({ queueArn, status: 'RUNNING' })).toEqual([]);
    expect((await api.listJobs(ACCESS, { queueArn, status: 'SUBMITTED' }, null)).next).toBeNull();
  });

  it('describes jobs, and leaves out those it does not know', async () => {
    const queueArn = await subject().queue('two');
    const jobIds = [await subject().submit(queueArn, 'first'), await subject().submit(queueArn, 'second')];
    const described = await api.describeJobs(ACCESS, [...jobIds, '00000000-0000-4000-8000-000000000000']);
    expect(described.map((job) => job.jobId).sort()).toEqual(jobIds.toSorted());
    expect(described.find((job) => job.jobId === jobIds[0])).toMatchObject({
      jobName: 'first',
      queueArn,
      status: 'SUBMITTED',
      endedAttempts: 0,
      vcpus: 1,
      memoryMiB: 512,
      command: ['sleep', '1'],
      nodes: null,
      containers: [],
    });
  });

  it('lists jobs created after a time, whatever their status', async () => {
    const queueArn = await subject().queue('three');
    const id = await subject().submit(queueArn, 'align');
    expect(await ids({ queueArn, createdAfter: Date.now() - 60_000 })).toEqual([id]);
  });

  it('tells the counts of an array’s children, and lists them', async () => {
    const queueArn = await subject().queue('four');
    const parent = await subject().submit(queueArn, 'array', 3);
    const [described] = await api.describeJobs(ACCESS, [parent]);
    expect(described!.arraySize).toBe(3);
    const [status] = Object.keys(described!.childStatuses!) as ['SUBMITTED'];
    expect(described!.childStatuses).toEqual({ [status]: 3 });
    expect(await ids({ arrayJobId: parent, status })).toEqual([`${parent}:0`, `${parent}:1`, `${parent}:2`]);
  });

  it('refuses a queue that is not there', async () => {
    const missing = 'arn:aws:batch:us-east-1:123456789012:job-queue/missing';
    await expect(api.listJobs(ACCESS, { queueArn: missing, status: 'RUNNING' }, null)).rejects.toMatchObject({
      code: 'aws-rejected',
      action: 'batch:ListJobs',
    });
  });
}

describeNeeding(['moto'], 'The emulator', () => {
  let moto: Moto;
  let account: BatchAccount;
  let jobDefinition: string;
  beforeAll(async () => {
    moto = await startMoto({ dockerHost: 'unix:///nowhere/docker.sock' });
    account = new BatchAccount(moto.url);
    await account.hold();
    jobDefinition = await account.definition('definition');
  });
  afterAll(async () => {
    account.close();
    await moto.close();
  });
  answersLikeBatch(() => ({
    queue: (name) => account.queue(name),
    submit: (jobQueue, jobName, size) =>
      account.submit({
        jobQueue,
        jobName,
        jobDefinition,
        ...(size === undefined ? {} : { arrayProperties: { size } }),
      }),
  }));
});

describe('The stand-in', () => {
  let fake: FakeBatch;
  beforeAll(async () => {
    fake = await FakeBatch.start();
  });
  afterAll(() => fake.close());
  answersLikeBatch(() => ({
    queue: (name) => Promise.resolve(fake.queue(name)),
    submit: (queue, jobName, size) =>
      Promise.resolve(fake.submit(queue, { jobName, ...(size === undefined ? {} : { arrayProperties: { size } }) })),
  }));

  describe('beyond the emulator, as AWS documents', () => {
    let clients: AwsClients;
    let api: BatchJobsApi;
    beforeAll(() => {
      clients = new AwsClients();
      api = new BatchJobsApi(clients);
    });
    afterAll(() => clients.onApplicationShutdown());

    it('gives a thousand a page by status and a hundred by filter, the newest first', async () => {
      const queueArn = fake.queue('many');
      const now = Date.now();
      for (let i = 0; i < 1_001; i += 1) fake.submit(queueArn, { createdAt: now + i });
      const first = await api.listJobs(ACCESS, { queueArn, status: 'SUBMITTED' }, null);
      expect(first.jobs).toHaveLength(1_000);
      expect((await api.listJobs(ACCESS, { queueArn, status: 'SUBMITTED' }, first.next)).jobs).toHaveLength(1);
      const newest = await api.listJobs(ACCESS, { queueArn, createdAfter: now + 900 }, null);
      expect(newest.jobs).toHaveLength(100);
      expect(newest.jobs[0]!.createdAt).toBe(now + 1_000);
      expect(newest.next).toBeNull();
    });

    it('describes a hundred at most, and limits calls', async () => {
      const ids = Array.from({ length: 101 }, (_, i) => String(i));
      await expect(api.describeJobs(ACCESS, ids)).rejects.toMatchObject({ code: 'aws-rejected' });
      fake.throttle(3);
      await expect(api.describeJobs(ACCESS, ['x'])).rejects.toMatchObject({ code: 'aws-throttled' });
    });
  });
});
