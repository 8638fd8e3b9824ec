import { randomUUID } from 'node:crypto';
import { EventBridgeClient, PutEventsCommand, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { EventQueueReader } from '../../src/server/batch-sync/events/event-queue-reader.js';
import { Database } from '../../src/server/database/database.js';
import { linkEnvironment } from '../support/batch-account.js';
import { FakeAgent } from '../support/fake-agent.js';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const QUEUE = 'arn:aws:batch:us-east-1:123456789012:job-queue/spot';
const TYPES = [
  'Batch Job State Change',
  'EC2 Spot Instance Interruption Warning',
  'EC2 Instance Rebalance Recommendation',
];

/** What AWS tells by itself: from EventBridge, through a queue of the emulator. */
describeNeeding(['moto'], 'Events of AWS', () => {
  let moto: Moto;
  let server: TestApp;
  let environmentId: string;
  let url: string;
  let bus: EventBridgeClient;
  let sqs: SQSClient;
  beforeAll(async () => {
    moto = await startMoto();
    server = await startTestApp();
    bus = new EventBridgeClient({});
    sqs = new SQSClient({});
    environmentId = await linkEnvironment(server, 'spot', [QUEUE]);
    url = await newQueue('events');
    const EventPattern = JSON.stringify({ 'detail-type': TYPES });
    await bus.send(new PutRuleCommand({ Name: 'to-batchpoint', EventPattern }));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
    );
    const Targets = [{ Id: 'queue', Arn: Attributes!['QueueArn']! }];
    await bus.send(new PutTargetsCommand({ Rule: 'to-batchpoint', Targets }));
    await configure(environmentId, url).expect(200);
  });
  afterAll(async () => {
    bus.destroy();
    sqs.destroy();
    await server.close();
    await moto.close();
  });

  const newQueue = async (QueueName: string): Promise<string> =>
    (await sqs.send(new CreateQueueCommand({ QueueName, Attributes: { VisibilityTimeout: '0' } }))).QueueUrl!;
  const configure = (id: string, eventsQueueUrl: string | null) =>
    server.api('patch', `/compute-environments/${id}`).send({ eventsQueueUrl });
  const put = async (source: string, type: string, detail: object): Promise<void> => {
    const Entries = [{ Source: source, DetailType: type, Detail: JSON.stringify(detail) }];
    const answer = await bus.send(new PutEventsCommand({ Entries }));
    expect(answer.FailedEntryCount).toBe(0);
  };
  const detail = (jobId: string, status: string, changes: object = {}) => ({
    jobId,
    jobName: 'align',
    jobQueue: QUEUE,
    jobDefinition: 'arn:aws:batch:us-east-1:123456789012:job-definition/align:3',
    status,
    attempts: [],
    createdAt: 1_767_225_600_000,
    retryStrategy: { attempts: 5 },
    container: { image: 'align:3', command: ['align'], resourceRequirements: [{ type: 'VCPU', value: '4' }] },
    ...changes,
  });
  /** An event as it lies in the queue. */
  const event = (time: string, about: object, id = randomUUID()) => ({
    version: '0',
    id,
    'detail-type': 'Batch Job State Change',
    source: 'aws.batch',
    account: '123456789012',
    time,
    region: 'us-east-1',
    resources: [],
    detail: about,
  });
  const send = (body: unknown) =>
    sqs.send(
      new SendMessageCommand({ QueueUrl: url, MessageBody: typeof body === 'string' ? body : JSON.stringify(body) }),
    );
  const drain = async (): Promise<number> => {
    const reader = server.app.get(EventQueueReader);
    let count = 0;
    for (const queue of await reader.queues()) {
      for (let came = 1; came > 0; count += came) came = await reader.read(queue, { wait: false });
    }
    return count;
  };
  const left = async (): Promise<number> => {
    const AttributeNames = ['ApproximateNumberOfMessages' as const];
    const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames }));
    return Number(answer.Attributes!['ApproximateNumberOfMessages']);
  };
  const job = async (id: string) => (await server.api('get', `/jobs/${id}`).expect(200)).body;
  const events = async (id: string): Promise<{ type: string }[]> =>
    (await server.api('get', `/jobs/${id}/events`).expect(200)).body.items;

  it('show a job as soon as AWS Batch has it, with its details', async () => {
    const id = randomUUID();
    await put('aws.batch', TYPES[0]!, detail(id, 'RUNNABLE'));
    expect(await drain()).toBe(1);
    expect(await job(id)).toMatchObject({
      status: 'RUNNABLE',
      jobName: 'align',
      jobQueue: 'spot',
      jobDefinition: 'align:3',
      vcpus: 4,
      maxAttempts: 5,
      image: 'align:3',
    });
    expect(await left()).toBe(0);
  });

  it('may come twice and in any order', async () => {
    const id = randomUUID();
    const attempts = [{ statusReason: 'Host EC2 (instance i-0123) terminated.', container: {} }];
    const retried = event('2026-01-31T12:10:00Z', detail(id, 'RUNNABLE', { attempts }));
    for (const one of [
      event('2026-01-31T12:20:00Z', detail(id, 'RUNNING', { attempts })),
      event('2026-01-31T12:05:00Z', detail(id, 'RUNNING')),
      retried,
      retried,
      event('2026-01-31T12:00:00Z', detail(id, 'SUBMITTED')),
    ])
      await send(one);
    await drain();
    expect(await job(id)).toMatchObject({ status: 'RUNNING', statusReason: 'Host EC2 (instance i-0123) terminated.' });
    expect((await events(id)).map((line) => line.type)).toEqual(['job-retried']);
    expect(await left()).toBe(0);
  });

  it('of jobs in queues of no environment change nothing', async () => {
    const id = randomUUID();
    await send(event('2026-01-31T12:00:00Z', detail(id, 'RUNNING', { jobQueue: `${QUEUE}-of-others` })));
    await drain();
    await server.api('get', `/jobs/${id}`).expect(404);
    expect(await left()).toBe(0);
  });

  it('that make no sense are left to the redrive policy, and hold up nothing', async () => {
    const id = randomUUID();
    const reader = server.app.get(EventQueueReader);
    const [queue] = await reader.queues();
    await send('{"half a');
    await send(event('2026-01-31T12:00:00Z', { jobId: 1 }));
    await send(event('2026-01-31T12:00:00Z', detail(id, 'SUBMITTED')));
    await reader.read(queue!, { wait: false });
    expect(await job(id)).toMatchObject({ status: 'SUBMITTED' });
    expect(await left()).toBe(2);
    await sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
    await expect(reader.read(queue!, { wait: false })).rejects.toMatchObject({ code: 'aws-not-found' });
    url = await newQueue('events');
  });

  it('are not lost when what they say could not be kept', async () => {
    const id = randomUUID();
    const database = server.app.get(Database);
    await send(event('2026-01-31T12:00:00Z', detail(id, 'SUBMITTED')));
    await database.manager.query('alter table aws_events_seen rename to away');
    await expect(drain()).rejects.toThrow(/aws_events_seen/);
    await database.manager.query('alter table away rename to aws_events_seen');
    expect(await left()).toBe(1);
    await drain();
    expect(await job(id)).toMatchObject({ status: 'SUBMITTED' });
  });

  it('of a Spot instance show on its host and in the history of its jobs', async () => {
    const instance = {
      instanceId: 'i-0abc',
      instanceType: 'm7i.large',
      region: 'us-east-1',
      availabilityZone: 'us-east-1a',
    };
    const agent = await FakeAgent.start(server.url, await server.joinToken(environmentId), { facts: { instance } });
    const id = randomUUID();
    await agent.report(agent.container(id));
    await put('aws.ec2', TYPES[2]!, { 'instance-id': 'i-0abc' });
    await put('aws.ec2', TYPES[1]!, { 'instance-id': 'i-0abc', 'instance-action': 'terminate' });
    await put('aws.ec2', TYPES[1]!, { 'instance-id': 'i-0other', 'instance-action': 'terminate' });
    await drain();
    const { body } = await server.api('get', `/hosts/${agent.hostId}`).expect(200);
    expect(body.interruptionNoticeAt).toMatch(/Z$/);
    expect(body.rebalanceRecommendedAt).toMatch(/Z$/);
    expect((await events(id)).map((line) => line.type).sort()).toEqual([
      'job-running',
      'rebalance-recommendation',
      'spot-interruption-warning',
    ]);
  });

  it('need a queue that is one, in an environment with a region', async () => {
    for (const [bad, message] of [
      ['events', /URL of a standard SQS queue/],
      ['https://sqs.us-east-1.amazonaws.com/123456789012/events.fifo', /URL of a standard SQS queue/],
    ] as const) {
      const { body } = await configure(environmentId, bad).expect(400);
      expect(body.errors[0]).toMatchObject({ pointer: '/eventsQueueUrl', detail: expect.stringMatching(message) });
    }
    const { body: plain } = await server.api('post', '/compute-environments').send({ name: 'plain' }).expect(201);
    const { body } = await configure(plain.id, url).expect(400);
    expect(body.errors[0].detail).toMatch(/no region/);
    await configure(plain.id, null).expect(200);
  });

  it('are waited for by every replica, and an operator sees when they cannot be read', async () => {
    const id = randomUUID();
    const replica = await startTestApp({ databaseUrl: server.databaseUrl, batchCallsPerSecond: 10 });
    try {
      await send(event('2026-01-31T12:00:00Z', detail(id, 'RUNNABLE')));
      await until(async () => (await server.api('get', `/jobs/${id}`)).status === 200);
      const other = await linkEnvironment(server, 'other', []);
      await configure(other, `${moto.url}/123456789012/nowhere`).expect(200);
    } finally {
      await replica.close();
    }
    const second = await startTestApp({ databaseUrl: server.databaseUrl, batchCallsPerSecond: 10 });
    try {
      const { body: list } = await server.api('get', '/compute-environments?name=other').expect(200);
      const path = `/compute-environments/${list.items[0].id}`;
      await until(async () => (await server.api('get', path)).body.jobSync !== null);
      const { body } = await server.api('get', path).expect(200);
      expect(body.jobSync.failure).toMatch(/sqs:ReceiveMessage/);
      const { body: findings } = await server.api('get', `${path}/findings`).expect(200);
      expect(findings.items.map((finding: { code: string }) => finding.code)).toContain('job-sync-failed');
    } finally {
      await second.close();
    }
  });
});
