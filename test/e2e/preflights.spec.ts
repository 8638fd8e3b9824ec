import { Database } from '../../src/server/database/database.js';
import { newId } from '../../src/protocol/ids.js';
import { PreflightRunner } from '../../src/server/preflight/preflight-runner.js';
import { FakeIamSimulation } from '../fakes/fake-iam-simulation.js';
import { allow, IamAccount } from '../support/iam-account.js';
import { HostsAndJobs } from '../support/hosts-and-jobs.js';
import { type Moto, startMoto } from '../support/moto.js';
import { environmentInAws, preflight, section } from '../support/preflights.js';
import { describeNeeding } from '../support/requires.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('Preflights', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
  });
  afterAll(() => server.close());

  let serial = 0;
  async function environment(body: object = {}): Promise<string> {
    const name = `environment-${(serial += 1)}`;
    const created = await server
      .api('post', '/compute-environments')
      .send({ name, ...body })
      .expect(201);
    return (created.body as { id: string }).id;
  }
  async function storage(): Promise<string> {
    const body = { name: `storage-${(serial += 1)}`, kind: 'local', mountPath: '/data/checkpoints' };
    return ((await server.api('post', '/storages').send(body).expect(201)).body as { id: string }).id;
  }
  const sql = (query: string, values: unknown[]): Promise<unknown> =>
    server.app.get(Database).manager.query(query, values);
  /** One that no worker is at work on. */
  async function stuck(scope: string, minutesAgo: number): Promise<{ id: string; operationId: string }> {
    const [id, operationId] = [newId('preflight'), newId('operation')];
    const request = {
      computeEnvironmentId: scope,
      checks: ['storage'],
      principalArn: null,
      functionalities: null,
      region: null,
    };
    await sql(
      `insert into operations (id, version, type, status, resource_type, resource_id) values ($1, 1, 'preflight', 'running', 'preflight', $2)`,
      [operationId, id],
    );
    await sql(
      `insert into preflights (id, version, operation_id, scope, request, status, updated_at)
       values ($1, 1, $2, $3, $4, 'running', now() - make_interval(mins => $5))`,
      [id, operationId, scope, JSON.stringify(request), minutesAgo],
    );
    return { id, operationId };
  }

  it('have nothing to look at where no environment is registered, and say so', async () => {
    const report = await preflight(server);
    expect(report).toMatchObject({
      status: 'finished',
      verdict: 'passed',
      computeEnvironmentId: null,
      environmentsTotal: 0,
    });
    expect(report.sections.map(({ check, status }) => [check, status])).toEqual(
      ['iam', 'quotas', 'storage', 'drivers', 'network', 'memory', 'root-volume', 'configuration'].map((check) => [
        check,
        'skipped',
      ]),
    );
    for (const { reason } of report.sections) expect(reason).toMatch(/^No compute environment is registered/);
  });

  it('are operations, whose result has the verdict', async () => {
    const id = await environment({ storageId: null });
    const started = await server.api('post', '/preflights').send({ computeEnvironmentId: id }).expect(202);
    expect(started.headers['location']).toBe(`/api/v1/operations/${started.body.id}`);
    expect(started.body).toMatchObject({ type: 'preflight', resource: { type: 'preflight' } });
    const { body: operation } = await server.api('get', `/operations/${started.body.id}?wait=55s`).expect(200);
    expect(operation).toMatchObject({ status: 'succeeded', result: { verdict: 'failed', failed: 1 } });
    const report = await server.api('get', operation.resource.href.replace('/api/v1', '')).expect(200);
    expect(report.body).toMatchObject({
      status: 'finished',
      verdict: 'failed',
      environmentsDone: 1,
      environmentsTotal: 1,
    });
    await server.api('get', `/preflights/${report.body.id}`).set('if-none-match', report.headers['etag']!).expect(304);
  });

  it('sort what is found of an environment, and of its hosts, into sections', async () => {
    const storageId = await storage();
    const id = await environment({ storageId, instanceTypes: ['m6i', 'm7g'], policy: { keep: 1 } });
    const findings = [
      { check: 'criu', severity: 'error', message: 'CRIU is missing', remedy: 'install it' },
      { check: 'memory', severity: 'warning', message: '100 MiB are left' },
      { check: 'docker', severity: 'ok', message: 'Docker Engine 25' },
    ];
    const health = { storageId, ready: false, reason: 'not mounted', freeBytes: null, totalBytes: null };
    await new HostsAndJobs(server).host(id, { hostName: 'a' }, { findings, storage_health: health });
    const report = await preflight(server, { computeEnvironmentId: id });
    const found = (check: string) => {
      const { status, findings: all } = section(report, check, id);
      return { status, codes: all.map(({ code }) => code) };
    };
    expect(found('storage')).toEqual({ status: 'failed', codes: ['host-storage-not-ready', 'storage-unverified'] });
    expect(found('drivers')).toEqual({ status: 'failed', codes: ['host-check-failed'] });
    expect(found('memory')).toEqual({ status: 'passed', codes: ['host-check-failed'] });
    expect(found('root-volume')).toEqual({ status: 'passed', codes: [] });
    expect(found('configuration')).toEqual({
      status: 'failed',
      codes: expect.arrayContaining(['mixed-architectures', 'single-checkpoint-kept']),
    });
    expect(section(report, 'drivers', id).findings[0]).toMatchObject({
      message: 'Host a, criu: CRIU is missing.',
      remedy: 'install it',
    });
    expect(section(report, 'iam', id)).toMatchObject({
      status: 'skipped',
      reason: expect.stringContaining('without a region'),
    });
    expect(section(report, 'quotas', id)).toMatchObject({ status: 'skipped', reason: expect.any(String) });
  });

  it('say what only hosts can tell while none is online', async () => {
    const id = await environment({ storageId: await storage() });
    const report = await preflight(server, { computeEnvironmentId: id, checks: ['root-volume', 'drivers'] });
    expect(report.checks).toEqual(['drivers', 'root-volume']);
    for (const { status, reason } of report.sections)
      expect([status, reason]).toEqual(['skipped', expect.stringContaining('No host of the environment is online')]);
  });

  it('are listed newest first, without their sections, by status, verdict and environment', async () => {
    const id = await environment({ storageId: await storage() });
    const { id: passed } = await preflight(server, { computeEnvironmentId: id, checks: ['storage'] });
    await preflight(server, { checks: ['memory'] });
    const list = async (query: string): Promise<{ id: string; sections?: unknown }[]> =>
      (await server.api('get', `/preflights?${query}`, await server.token('viewer')).expect(200)).body.items;
    const all = await list('');
    expect(all[1]!.id).toBe(passed);
    for (const item of all) expect(item.sections).toBeUndefined();
    expect((await list(`computeEnvironmentId=${id}&status=finished&verdict=passed`)).map((each) => each.id)).toEqual([
      passed,
    ]);
    expect(await list(`computeEnvironmentId=${id}&verdict=failed`)).toEqual([]);
  });

  it('refuse what cannot be looked at, by name', async () => {
    const nobody = 'ce_019aa0b4-0000-7000-8000-000000000000';
    const refused = async (body: object): Promise<string[]> =>
      (await server.api('post', '/preflights').send(body).expect(400)).body.errors.map(
        (error: { pointer: string }) => error.pointer,
      );
    expect(await refused({ computeEnvironmentId: nobody })).toEqual(['/computeEnvironmentId']);
    expect(await refused({ checks: ['weather'] })).toEqual(['/checks']);
    expect(await refused({ functionalities: 'dashboard' })).toEqual(['/functionalities']);
    expect(await refused({ principalArn: 'batchpoint', region: 'the moon' })).toEqual(['/principalArn', '/region']);
  });

  describe('under way', () => {
    it('are there once for each environment', async () => {
      const id = await environment();
      const { operationId } = await stuck(id, 0);
      const { body } = await server.api('post', '/preflights').send({ computeEnvironmentId: id }).expect(409);
      expect(body).toMatchObject({ code: 'operation-in-progress', detail: expect.stringContaining(operationId) });
      // Another scope is another matter.
      await preflight(server, { checks: ['storage'] });
    });

    it('can be cancelled until they are over', async () => {
      const id = await environment();
      const { id: preflightId, operationId } = await stuck(id, 0);
      const cancel = () => server.api('put', `/operations/${operationId}/cancellation`);
      expect((await cancel().expect(200)).body).toMatchObject({ status: 'cancelled' });
      await cancel().expect(200);
      await server.app.get(PreflightRunner).run(preflightId);
      const { body } = await server.api('get', `/preflights/${preflightId}`).expect(200);
      expect(body).toMatchObject({ status: 'cancelled', verdict: null, sections: [] });
      const report = await preflight(server, { computeEnvironmentId: id, checks: ['storage'] });
      await server.api('put', `/operations/${report.operationId}/cancellation`).expect(409);
    });

    it('begin again elsewhere when their server is gone', async () => {
      const lost = await stuck(await environment(), 6);
      const busy = await stuck(await environment(), 0);
      await server.app.get(PreflightRunner).takeOver();
      const { body } = await server.api('get', `/preflights/${lost.id}?wait=55s`).expect(200);
      expect(body).toMatchObject({ status: 'finished', verdict: 'failed' });
      expect((await server.api('get', `/preflights/${busy.id}`).expect(200)).body).toMatchObject({ status: 'running' });
    });
  });

  describe('give the IAM policy for functionalities', () => {
    const policy = async (query: string, status = 200) =>
      (await server.api('get', `/preflights/iam-policy?${query}`, await server.token('viewer')).expect(status)).body;

    it('for one or several, narrowed to what is named', async () => {
      const one = await policy('functionality=events&accountId=123456789012&region=eu-west-1&queueName=batch-events');
      expect(one).toEqual({
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'Events',
            Effect: 'Allow',
            Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
            Resource: ['arn:aws:sqs:eu-west-1:123456789012:batch-events'],
          },
        ],
      });
      const several = await policy(
        'functionality=storage-juicefs&functionality=dashboard&bucket=one&bucket=two&region=cn-north-1',
      );
      expect(several.Statement.map(({ Sid }: { Sid: string }) => Sid)).toContain('Dashboard');
      expect(several.Statement[0].Resource).toEqual(['arn:aws-cn:s3:::one', 'arn:aws-cn:s3:::two']);
    });

    it('for what a preflight looks at, unless they are named', async () => {
      const sids = (await policy('')).Statement.map(({ Sid }: { Sid: string }) => Sid);
      expect(sids).toEqual(expect.arrayContaining(['Dashboard', 'AutoEbs', 'Registration', 'BatchSync', 'Quotas']));
    });

    it('but for nothing else', async () => {
      expect((await policy('functionality=everything', 400)).errors).toMatchObject([{ pointer: '?functionality' }]);
      expect((await policy('bucket=a%2F*', 400)).errors).toMatchObject([{ pointer: '?bucket' }]);
      expect((await policy('accountId=12', 400)).errors).toMatchObject([{ pointer: '?accountId' }]);
    });
  });

  describeNeeding(['moto'], 'of environments in AWS', () => {
    let moto: Moto;
    let simulator: FakeIamSimulation;
    let account: IamAccount;
    beforeAll(async () => {
      moto = await startMoto();
      simulator = await FakeIamSimulation.start(moto.url);
      account = new IamAccount(moto);
    });
    afterAll(async () => {
      account.close();
      await simulator.close();
      await moto.close();
    });

    it('look at the role the server has there, with its path, once for all environments with the same', async () => {
      const { arn } = await account.role({ inline: [allow('*')], path: '/team/' });
      const ids = [
        await environmentInAws(server, 'spot-a', { roleArn: arn, externalId: 'x' }),
        await environmentInAws(server, 'spot-b', { roleArn: arn, externalId: 'x' }),
      ];
      simulator.calls.length = 0;
      simulator.decide = (action, resource) => ({
        decision:
          action === 'batch:UpdateComputeEnvironment' && resource.endsWith('/spot-b') ? 'implicitDeny' : 'allowed',
      });
      const report = await preflight(server, { checks: ['iam'] });
      const found = section(report, 'iam', ids[0]!);
      expect(found.computeEnvironments).toEqual([
        { id: ids[0], name: 'spot-a' },
        { id: ids[1], name: 'spot-b' },
      ]);
      expect(found.iam).toMatchObject({
        principalArn: arn,
        method: 'simulation',
        missing: ['batch:UpdateComputeEnvironment'],
        missingPolicy: {
          Statement: [
            {
              Action: ['batch:UpdateComputeEnvironment'],
              Resource: ['spot-a', 'spot-b'].map(
                (name) => `arn:aws:batch:us-east-1:123456789012:compute-environment/${name}`,
              ),
            },
          ],
        },
      });
      expect(simulator.calls[0]).toMatchObject({
        principalArn: arn,
        context: { 'aws:requestedregion': ['us-east-1'], 'aws:principalarn': [arn] },
      });
    });

    it('take the root user for one who may do everything, and advise against it', async () => {
      const body = { checks: ['iam'], region: 'eu-west-1', principalArn: 'arn:aws:iam::123456789012:root' };
      const found = section(await preflight(server, body), 'iam', null);
      expect(found).toMatchObject({ status: 'passed', iam: { method: 'root', missing: [] } });
      expect(found.findings).toMatchObject([{ code: 'iam-root-user', severity: 'warning' }]);
    });

    it('go on when AWS does not answer, and say so', async () => {
      const id = await environmentInAws(server, 'spot-elsewhere', { roleArn: 'arn:aws:iam::123456789012:role/gone' });
      const [kept, region] = [process.env['AWS_ENDPOINT_URL'], 'ap-south-1'];
      await sql('update compute_environments set region = $2 where id = $1', [id, region]);
      process.env['AWS_ENDPOINT_URL'] = 'http://127.0.0.1:1';
      const report = await preflight(server, { computeEnvironmentId: id, checks: ['iam', 'configuration'] });
      process.env['AWS_ENDPOINT_URL'] = kept;
      expect(section(report, 'iam', id)).toMatchObject({
        status: 'failed',
        findings: [{ code: 'aws-unreachable', severity: 'error' }],
        iam: null,
      });
      expect(section(report, 'configuration', id).status).toBe('passed');
    });
  });
});
