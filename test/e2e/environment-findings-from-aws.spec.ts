import { Database } from '../../src/server/database/database.js';
import { FakeServiceQuotas } from '../fakes/fake-service-quotas.js';
import { AwsFixtures } from '../support/aws-fixtures.js';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const GOOD_USER_DATA = `#!/bin/sh
# batchpoint-user-data v1
cat >> /etc/ecs/ecs.config <<'CONFIG'
ECS_ENABLE_SPOT_INSTANCE_DRAINING=true
ECS_CONTAINER_STOP_TIMEOUT=2m
CONFIG
`;

/** Each finding that AWS's own words give: made in the emulator, seen, mended there, gone. */
describeNeeding(['moto'], 'Findings from AWS', () => {
  let moto: Moto;
  let quotas: FakeServiceQuotas;
  let aws: AwsFixtures;
  let server: TestApp;
  beforeAll(async () => {
    moto = await startMoto();
    quotas = await FakeServiceQuotas.start(moto.url);
    // Spot instances of the standard families: more than any test here needs.
    quotas.applied.set('L-34B43A08', 1000);
    aws = new AwsFixtures();
    server = await startTestApp();
  });
  afterEach(async () => {
    await moto.allowAll();
    await moto.reset();
  });
  afterAll(async () => {
    await server.close();
    aws.close();
    await quotas.close();
    await moto.close();
  });

  /** Those that come from here and from hosts are other tests' business. */
  const FROM_HERE = ['no-storage', 'no-hosts-online'];

  async function findings(id: string, app = server): Promise<{ severity: string; code: string; message: string }[]> {
    const { body } = await app.api('get', `/compute-environments/${id}/findings`).expect(200);
    return (body.items as { severity: string; code: string; message: string }[]).filter(
      ({ code }) => !FROM_HERE.includes(code),
    );
  }
  const codes = async (id: string, app = server) => (await findings(id, app)).map(({ code }) => code);
  async function sync(id: string): Promise<void> {
    const { body } = await server.api('post', `/compute-environments/${id}/sync`).expect(202);
    await server.api('get', `/operations/${body.id}?wait=20s`).expect(200);
  }

  let serial = 0;
  /** Nothing to find, but for what is changed. */
  async function environment({ userData = GOOD_USER_DATA, queue = true, resources = {}, type = 'SPOT' } = {}) {
    const name = `watched-${(serial += 1)}`;
    const template = await aws.createLaunchTemplate({ userData });
    const launchTemplate = { launchTemplateId: template.id, version: '$Latest' };
    await aws.createComputeEnvironment({ name, resources: { type: type as 'SPOT', launchTemplate, ...resources } });
    const queueName = queue ? (await aws.createJobQueue([name])).name : null;
    const { body } = await server
      .api('post', '/compute-environments')
      .send({ name, region: 'us-east-1', labels: {} })
      .expect(201);
    return { id: body.id as string, name, launchTemplate, queueName: queueName! };
  }

  it('are none where nothing stands in the way', async () => {
    const { id } = await environment();
    expect(await codes(id)).toEqual([]);
  });

  it('environment-disabled', async () => {
    const { id, name } = await environment();
    await aws.setComputeEnvironmentState(name, 'DISABLED');
    await sync(id);
    expect(await findings(id)).toMatchObject([{ code: 'environment-disabled', severity: 'warning' }]);
    await aws.setComputeEnvironmentState(name, 'ENABLED');
    await sync(id);
    expect(await codes(id)).toEqual([]);
  });

  it('no-enabled-queue', async () => {
    const { id, name } = await environment({ queue: false });
    expect(await findings(id)).toMatchObject([{ code: 'no-enabled-queue', message: `No job queue names ${name}.` }]);
    const queue = await aws.createJobQueue([name], { state: 'DISABLED' });
    await sync(id);
    expect(await findings(id)).toMatchObject([
      { code: 'no-enabled-queue', message: `Every job queue of ${name} is DISABLED: ${queue.name}.` },
    ]);
    await aws.setJobQueueState(queue.name, 'ENABLED');
    await sync(id);
    expect(await codes(id)).toEqual([]);
  });

  it.each<[string, string, { type?: string; resources?: object }]>([
    ['on-demand-instances', 'info', { type: 'EC2', resources: { allocationStrategy: 'BEST_FIT_PROGRESSIVE' } }],
    ['allocation-strategy-best-fit', 'warning', { resources: { allocationStrategy: 'BEST_FIT' } }],
    ['allocation-strategy-best-fit', 'warning', { resources: { allocationStrategy: undefined } }],
    ['allocation-strategy-interrupted-often', 'info', { resources: { allocationStrategy: 'BEST_FIT_PROGRESSIVE' } }],
  ])('%s (%s) %#', async (code, severity, options) => {
    const { id, name, launchTemplate } = await environment(options);
    expect(await findings(id)).toMatchObject([{ code, severity, message: expect.stringContaining(name) }]);
    await aws.recreateComputeEnvironment({ name, resources: { launchTemplate } });
    await sync(id);
    expect(await codes(id)).toEqual([]);
  });

  it('launch-template-missing', async () => {
    const { id, name, launchTemplate } = await environment({ resources: { launchTemplate: undefined } });
    expect(await findings(id)).toMatchObject([{ code: 'launch-template-missing', severity: 'error' }]);
    await aws.recreateComputeEnvironment({
      name,
      resources: { launchTemplate: { launchTemplateId: launchTemplate.launchTemplateId, version: '7' } },
    });
    await sync(id);
    expect(await findings(id)).toMatchObject([
      {
        code: 'launch-template-missing',
        message: `${name} names a launch template that EC2 does not have: version 7 of ${launchTemplate.launchTemplateId}.`,
      },
    ]);
    await aws.recreateComputeEnvironment({ name, resources: { launchTemplate } });
    await sync(id);
    expect(await codes(id)).toEqual([]);
  });

  it.each([
    ['launch-template-without-agent', GOOD_USER_DATA.replace('# batchpoint-user-data v1', '')],
    ['spot-draining-off', GOOD_USER_DATA.replace('DRAINING=true', 'DRAINING=false')],
    ['spot-draining-off', GOOD_USER_DATA.replace('ECS_ENABLE_SPOT', '# ECS_ENABLE_SPOT')],
    ['ecs-stop-timeout-short', GOOD_USER_DATA.replace('TIMEOUT=2m', 'TIMEOUT=90s')],
    ['ecs-stop-timeout-short', GOOD_USER_DATA.replace('ECS_CONTAINER_STOP_TIMEOUT=2m', '')],
  ])('%s %#', async (code, userData) => {
    const { id, launchTemplate } = await environment({ userData });
    expect(await codes(id)).toEqual([code]);
    await aws.createLaunchTemplateVersion(launchTemplate.launchTemplateId, { userData: GOOD_USER_DATA });
    await sync(id);
    expect(await codes(id)).toEqual([]);
  });

  it('host-loss-not-retried: of the definitions while no job was submitted, then of the jobs', async () => {
    const { id, queueName } = await environment();
    const once = await aws.createJobDefinition({ name: 'once' });
    const retryStrategy = {
      attempts: 5,
      evaluateOnExit: [
        { onStatusReason: 'Host EC2*', action: 'RETRY' as const },
        { onReason: '*', action: 'EXIT' as const },
      ],
    };
    const often = await aws.createJobDefinition({ name: 'often', retryStrategy });
    // An earlier revision, which jobs get only when they name it.
    await aws.createJobDefinition({ name: 'mended' });
    await aws.createJobDefinition({ name: 'mended', retryStrategy });
    expect(await findings(id)).toMatchObject([
      { code: 'host-loss-not-retried', severity: 'warning', message: expect.stringMatching(/go.*: once:1\.$/) },
    ]);
    // Jobs of these definitions are what counts from now on.
    await aws.submitJob(queueName, often.name);
    expect(await codes(id)).toEqual([]);
    await aws.submitJob(queueName, once.name);
    expect(await findings(id)).toMatchObject([
      {
        code: 'host-loss-not-retried',
        severity: 'error',
        message: expect.stringMatching(/1 of the newest 2 jobs of its queues; their job definitions: once:1\.$/),
      },
    ]);
  });

  it('aws-sync-stale: after a look that failed, and after none for long', async () => {
    const { id, name, launchTemplate } = await environment();
    await aws.deleteComputeEnvironment(name);
    await sync(id);
    expect(await findings(id)).toMatchObject([
      {
        code: 'aws-sync-stale',
        message: expect.stringMatching(/^AWS was last read at .*Z, and the last try failed: AWS Batch has no/),
      },
    ]);
    await aws.createComputeEnvironment({ name, resources: { launchTemplate } });
    await sync(id);
    expect(await codes(id)).toEqual([]);

    const { manager } = server.app.get(Database);
    await manager.query(`update compute_environments set synced_at = now() - interval '1 hour' where id = $1`, [id]);
    expect(await codes(id)).toEqual(['aws-sync-stale']);
    await sync(id);
    expect(await codes(id)).toEqual([]);
  });

  it('aws-check-failed: what AWS does not allow is named, and the other findings stay', async () => {
    const { id, name } = await environment();
    await aws.setComputeEnvironmentState(name, 'DISABLED');
    await sync(id);
    const credentials = await aws.createUserWithout('batch:ListJobs');
    const restricted = await appWith(credentials);
    await moto.enforceIam();
    const found = await findings(id, restricted);
    await moto.allowAll();
    await restricted.close();
    expect(found).toMatchObject([
      { code: 'environment-disabled' },
      {
        code: 'aws-check-failed',
        severity: 'warning',
        message: expect.stringMatching(/asked about the retry strategies of its jobs: .*batch:ListJobs/),
        remedy: 'Allow batch:ListJobs to the role the server has in that account.',
      },
    ]);
    expect(await codes(id)).toEqual(['environment-disabled']);
  });

  /** Another replica, with other credentials: the SDK looks for them when it first speaks to AWS, so it does that here. */
  async function appWith(credentials: Record<string, string>): Promise<TestApp> {
    const before = { ...process.env };
    Object.assign(process.env, credentials);
    const app = await startTestApp({ databaseUrl: server.databaseUrl });
    await app
      .api('post', '/compute-environments?dryRun=true')
      .send({ name: 'nothing', region: 'us-east-1' })
      .expect(400);
    Object.assign(process.env, before);
    return app;
  }
});
