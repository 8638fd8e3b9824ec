import { gzipSync } from 'node:zlib';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LaunchTemplateVersion } from '@aws-sdk/client-ec2';
import { BackgroundTasks } from '../../src/server/background/background-tasks.js';
import { ComputeEnvironment } from '../../src/server/compute-environments/compute-environment.entity.js';
import { USER_DATA_MARKER } from '../../src/server/compute-environments/user-data-marker.js';
import { Database } from '../../src/server/database/database.js';
import { parseUserData } from '../../src/server/deployment/user-data/mime.js';
import { OperationsService } from '../../src/server/operations/operations.service.js';
import { FakeAwsFront } from '../fakes/aws-front.js';
import { agentStandIn } from '../support/agent-stand-in.js';
import { AwsFixtures, type LaunchTemplateData } from '../support/aws-fixtures.js';
import { type Moto, startMoto } from '../support/moto.js';
import { FakeAgent } from '../support/fake-agent.js';
import { describeNeeding } from '../support/requires.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const SECRET = 'a secret of the user';
const OWN_PART = `#!/bin/bash\necho '${SECRET}'`;
const OWN = `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="==MYBOUNDARY=="

--==MYBOUNDARY==
Content-Type: text/x-shellscript; charset="us-ascii"

${OWN_PART}

--==MYBOUNDARY==--
`;
interface Environment {
  id: string;
  name: string;
  templateId: string;
}

describeNeeding(['moto'], "New versions of a compute environment's launch template", () => {
  let directory: string;
  let moto: Moto;
  let front: FakeAwsFront;
  let aws: AwsFixtures;
  let server: TestApp;
  let network: { subnets: string[]; securityGroupIds: string[]; instanceRole: string };
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'bp-launch-template-'));
    moto = await startMoto();
    front = await FakeAwsFront.start(moto.url);
    aws = new AwsFixtures();
    const { subnetIds, securityGroupId } = await aws.createNetwork({ zones: ['a'] });
    const instanceRole = await aws.createInstanceProfile();
    network = { subnets: subnetIds, securityGroupIds: [securityGroupId], instanceRole };
    server = await startTestApp({
      settings: [
        ...['--public-url', 'https://batchpoint.internal:8080'],
        ...['--agent-dir', agentStandIn(directory).agentDir],
      ],
    });
  });
  afterAll(async () => {
    await server.close();
    aws.close();
    await front.close();
    await moto.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** In AWS and here. */
  async function environment(
    {
      version = '1',
      strategy = 'SPOT_PRICE_CAPACITY_OPTIMIZED',
      ...data
    }: LaunchTemplateData & {
      version?: string;
      strategy?: string;
    } = { InstanceType: 'm6i.large', userData: OWN },
  ): Promise<Environment> {
    const { id: templateId } = await aws.createLaunchTemplate(data);
    const { name } = await aws.createComputeEnvironment({
      resources: {
        ...network,
        launchTemplate: { launchTemplateId: templateId, version },
        allocationStrategy: strategy as never,
      },
    });
    return { id: await register(name), name, templateId };
  }
  async function register(name: string, region: string | null = 'us-east-1'): Promise<string> {
    const { body } = await server.api('post', '/compute-environments').send({ name }).expect(201);
    await server.app.get(Database).repository(ComputeEnvironment).update({ id: body.id }, { region });
    front.writes.length = 0;
    return body.id as string;
  }

  const open = (resourceId: string): Promise<string> =>
    server.app
      .get(OperationsService)
      .open({ type: 'update-launch-template', resourceType: 'compute-environment', resourceId });
  const post = (id: string, query = '') =>
    server.api('post', `/compute-environments/${id}/launch-template-versions${query}`);
  async function outcome(id: string) {
    const { body: operation, headers } = await post(id).expect(202);
    expect(headers.location).toBe(`/api/v1/operations/${operation.id}`);
    const { body } = await server.api('get', `/operations/${operation.id}?wait=30s`).expect(200);
    return body as {
      id: string;
      status: string;
      failure: { code: string; message: string; remedy: string } | null;
      result: Record<string, unknown> & { environmentVersion: object };
    };
  }
  const refusal = async (id: string): Promise<{ code: string; detail: string }> => (await post(id).expect(409)).body;
  const versions = (templateId: string): Promise<LaunchTemplateVersion[]> => aws.launchTemplateVersions(templateId);
  const userDataOf = (version: LaunchTemplateVersion): string =>
    Buffer.from(version.LaunchTemplateData!.UserData!, 'base64').toString();
  const named = async (name: string): Promise<string | undefined> =>
    (await aws.computeEnvironment(name)).computeResources?.launchTemplate?.version;
  const tokens = async (id: string): Promise<{ name: string }[]> =>
    (await server.api('get', `/join-tokens?computeEnvironmentId=${id}`).expect(200)).body.items;

  it('keep the source version and the user’s own parts, bring ours, and the environment uses them', async () => {
    const { id, name, templateId } = await environment();
    const { id: operationId, status, failure, result } = await outcome(id);
    expect({ status, failure }).toEqual({ status: 'succeeded', failure: null });
    expect(result).toMatchObject({
      launchTemplateId: templateId,
      sourceVersion: 1,
      newVersion: 2,
      environmentVersion: { before: '1', after: '2' },
      changedFields: ['launchTemplate.userData', 'computeEnvironment.launchTemplate.version'],
    });
    const [, made] = await versions(templateId);
    expect(made).toMatchObject({
      VersionDescription: expect.stringContaining(operationId),
      LaunchTemplateData: { InstanceType: 'm6i.large' },
    });
    const [theirs, agent] = parseUserData(userDataOf(made!)).map(({ body }) => body.trim());
    expect(theirs).toBe(OWN_PART);
    expect(agent).toContain(USER_DATA_MARKER);
    expect(await named(name)).toBe('2');

    const token = /bpj_[\w-]+/.exec(agent!)![0];
    const host = await FakeAgent.start(server.url, token);
    expect((await server.api('get', `/hosts/${host.hostId}`).expect(200)).body).toMatchObject({
      computeEnvironmentId: id,
    });
  });

  it('replace our own parts by the next, each with a join token of its own', async () => {
    const { id, templateId } = await environment();
    await outcome(id);
    const { result } = await outcome(id);
    expect(result).toMatchObject({ sourceVersion: 2, newVersion: 3 });
    const [, second, third] = (await versions(templateId)).map(({ LaunchTemplateData }) =>
      parseUserData(Buffer.from(LaunchTemplateData!.UserData!, 'base64').toString()),
    );
    expect(third).toHaveLength(second!.length);
    expect(third![0]).toEqual(second![0]);
    expect(await tokens(id)).toHaveLength(2);
  });

  it('are only shown in a dry run: nothing is written, here or in AWS', async () => {
    const { id, name, templateId } = await environment();
    const { body, headers } = await post(id, '?dryRun=true').expect(202);
    expect(headers['dry-run']).toBe('true');
    expect(body).toMatchObject({
      type: 'update-launch-template',
      resource: { type: 'compute-environment', id },
      result: { sourceVersion: 1, environmentVersion: { before: '1', after: null } },
    });
    const { userDataDiff } = body.result;
    expect(userDataDiff).toMatch(/^--- \S+ version 1\n\+\+\+ \S+ new version\n@@ /);
    expect(userDataDiff).toContain(`+${USER_DATA_MARKER}\n`);
    expect(userDataDiff).toContain("+printf '%s\\n' 'bpj_...' >");
    // Neither what is theirs and stays, nor a token.
    expect(userDataDiff).not.toContain(SECRET);
    expect(front.writes).toEqual([]);
    expect(await versions(templateId)).toHaveLength(1);
    expect(await named(name)).toBe('1');
    expect(await tokens(id)).toEqual([]);
    await server.api('get', `/operations/${body.id}`).expect(404);
  });

  it.each<[string, string[], string[]]>([
    [
      '$Default',
      ['CreateLaunchTemplateVersion', 'ModifyLaunchTemplate'],
      ['launchTemplate.userData', 'launchTemplate.defaultVersion'],
    ],
    ['$Latest', ['CreateLaunchTemplateVersion'], ['launchTemplate.userData']],
  ])('are what %s stands for where the environment names that', async (version, writes, changedFields) => {
    const { id, name, templateId } = await environment({ userData: OWN, version });
    const { status, result } = await outcome(id);
    expect(status).toBe('succeeded');
    expect(result).toMatchObject({ changedFields, message: expect.stringContaining(version) });
    expect(result.environmentVersion).toEqual({ before: version, after: version });
    expect(front.writes).toEqual(writes);
    expect(await named(name)).toBe(version);
    const [first, second] = await versions(templateId);
    expect([first!.DefaultVersion, second!.DefaultVersion]).toEqual(
      version === '$Default' ? [false, true] : [true, false],
    );
  });

  it('add to what was packed, to a plain script, and to nothing', async () => {
    const packed = gzipSync('#!/bin/sh\necho packed\n').toString('base64');
    for (const data of [
      { UserData: packed } as LaunchTemplateData,
      { userData: '#!/bin/sh\necho plain\n' },
      { InstanceType: 'm6i.large' as const },
    ]) {
      const { id, templateId } = await environment(data);
      expect((await outcome(id)).failure).toBeNull();
      const bodies = parseUserData(userDataOf((await versions(templateId))[1]!)).map(({ body }) => body);
      expect(bodies.at(-1)).toContain(USER_DATA_MARKER);
      expect(bodies).toHaveLength('InstanceType' in data ? 1 : 2);
    }
  });

  it('stay, and are named in the failure, when AWS Batch does not take them', async () => {
    const { id, name, templateId } = await environment({ userData: OWN, strategy: 'BEST_FIT' });
    const { status, failure } = await outcome(id);
    expect(status).toBe('failed');
    expect(failure).toMatchObject({
      code: 'aws-failed',
      message: expect.stringMatching(/^Version 2 of the launch template was made and stays.*BEST_FIT/),
      remedy: expect.stringContaining('point the environment at version 2'),
    });
    expect(await versions(templateId)).toHaveLength(2);
    expect(await named(name)).toBe('1');
  });

  it('are not made, and leave no join token, when the environment has gone meanwhile', async () => {
    const { id, name, templateId } = await environment();
    const operationId = await open(id);
    await aws.deleteComputeEnvironment(name);
    await server.app.get(BackgroundTasks).enqueue('update-launch-template', { operationId, environmentId: id });
    const { body } = await server.api('get', `/operations/${operationId}?wait=30s`).expect(200);
    expect(body).toMatchObject({
      status: 'failed',
      failure: { code: 'cancelled', remedy: expect.stringContaining('Nothing was changed') },
    });
    expect(await versions(templateId)).toHaveLength(1);
    expect(await tokens(id)).toEqual([]);
  });

  it('are made once, although the server may begin again after a crash', async () => {
    const { id, templateId } = await environment();
    const operationId = await open(id);
    // As if it had died after the first step.
    await aws.createLaunchTemplateVersion(templateId, { userData: OWN }, `Batchpoint 0.1.0, ${operationId}`);
    await server.app.get(BackgroundTasks).enqueue('update-launch-template', { operationId, environmentId: id });
    const { body } = await server.api('get', `/operations/${operationId}?wait=30s`).expect(200);
    expect(body).toMatchObject({ status: 'succeeded', result: { newVersion: 2 } });
    expect(await versions(templateId)).toHaveLength(2);
  });

  describe('are refused before anything is written', () => {
    afterEach(() =>
      expect(front.writes.filter((write) => !/^create(computeenvironment|launchtemplate$)/i.test(write))).toEqual([]),
    );

    it('for an environment known by its name only', async () => {
      expect(await refusal(await register('by-name-only', null))).toMatchObject({ code: 'environment-not-in-aws' });
    });

    it('for an environment AWS does not have', async () => {
      expect(await refusal(await register('nowhere'))).toMatchObject({
        code: 'launch-template-unfit',
        detail: 'AWS Batch has no compute environment nowhere in us-east-1.',
      });
    });

    it('for an environment without a launch template', async () => {
      const { name } = await aws.createComputeEnvironment({ resources: network });
      expect(await refusal(await register(name))).toMatchObject({
        code: 'launch-template-unfit',
        detail: expect.stringContaining('has no launch template'),
      });
    });

    it('for user data nothing can be added to', async () => {
      const { id } = await environment({ userData: '<powershell>\n</powershell>' });
      expect(await refusal(id)).toMatchObject({
        code: 'launch-template-unfit',
        detail: expect.stringContaining('neither MIME multi-part nor a script'),
      });
      const notPacked = Buffer.from([0x1f, 0x8b, 1, 2]).toString('base64');
      const { id: broken } = await environment({ UserData: notPacked } as LaunchTemplateData);
      expect((await refusal(broken)).detail).toContain('cannot be unpacked');
    });

    it('for user data that would be more than EC2 takes', async () => {
      const { id } = await environment({ userData: `#!/bin/sh\n${'# and more\n'.repeat(1400)}` });
      expect(await refusal(id)).toMatchObject({
        code: 'launch-template-unfit',
        detail: expect.stringMatching(/would have \d{5} bytes; EC2 takes 16384/),
      });
    });

    it('while another is being made', async () => {
      const { id } = await environment();
      const operationId = await open(id);
      expect(await refusal(id)).toMatchObject({ code: 'operation-in-progress' });
      await server.app.get(OperationsService).cancel(operationId);
    });

    it('where the server does not know the address hosts would call', async () => {
      const { id } = await environment();
      const settings = ['--agent-dir', join(directory, 'agent')];
      const other = await startTestApp({ settings, databaseUrl: server.databaseUrl });
      const { body } = await other.api('post', `/compute-environments/${id}/launch-template-versions`).expect(409);
      await other.close();
      expect(body).toMatchObject({
        code: 'public-url-missing',
        detail: expect.stringContaining('BATCHPOINT_PUBLIC_URL'),
      });
    });
  });
});
