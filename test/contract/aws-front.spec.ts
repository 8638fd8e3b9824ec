import { AwsClients } from '../../src/server/aws/aws-clients.js';
import { BatchApi } from '../../src/server/aws/batch.api.js';
import { Ec2Api } from '../../src/server/aws/ec2.api.js';
import { FakeAwsFront } from '../fakes/aws-front.js';
import { AwsFixtures } from '../support/aws-fixtures.js';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';

const USER_DATA = Buffer.from('#!/bin/sh\necho new\n').toString('base64');

describeNeeding(['moto'], 'What stands in front of the emulator of AWS', () => {
  let moto: Moto;
  let front: FakeAwsFront;
  let fixtures: AwsFixtures;
  const direct = new AwsClients();
  const clients = new AwsClients();
  beforeAll(async () => {
    moto = await startMoto();
    fixtures = new AwsFixtures();
  });
  afterAll(async () => {
    fixtures.close();
    await moto.close();
  });
  beforeAll(async () => {
    // Clients keep the address they first saw.
    await new BatchApi(direct).computeEnvironment(moto.access, 'nothing');
    await new Ec2Api(direct).subnets(moto.access, []);
    await new Ec2Api(direct).launchTemplateVersion(moto.access, { id: null, name: 'nothing' }, '1');
    front = await FakeAwsFront.start(moto.url);
  });
  afterAll(async () => {
    for (const each of [direct, clients]) each.onApplicationShutdown();
    await front.close();
  });

  const access = () => moto.access;
  const said = (work: Promise<unknown>): Promise<{ code: string; awsCode: string }> =>
    work.then(
      () => Promise.reject(new Error('it succeeded')),
      (error: { code: string; awsCode: string }) => ({ code: error.code, awsCode: error.awsCode }),
    );

  it('shows what the emulator has, as the emulator does', async () => {
    const { id } = await fixtures.createLaunchTemplate({ InstanceType: 'm6i.large', userData: '#!/bin/sh\n' });
    const resources = { launchTemplate: { launchTemplateId: id, version: '1' } };
    const { name } = await fixtures.createComputeEnvironment({ resources });
    const [seen, there] = await Promise.all(
      [clients, direct].map(async (each) => ({
        environment: await new BatchApi(each).computeEnvironment(access(), name),
        version: await new Ec2Api(each).launchTemplateVersion(access(), { id, name: null }, '$Latest'),
        missing: await new BatchApi(each).computeEnvironment(access(), 'no-such-environment'),
      })),
    );
    expect(seen).toEqual(there);
    expect(seen!.environment?.launchTemplate).toEqual({ id, name: null, version: '1' });
  });

  it('changes the launch template of an environment, which the emulator does not', async () => {
    const { id } = await fixtures.createLaunchTemplate();
    const resources = { launchTemplate: { launchTemplateId: id, version: '1' } };
    const { name } = await fixtures.createComputeEnvironment({ resources });
    await new BatchApi(direct).useLaunchTemplate(access(), name, { id, version: '2' });
    expect((await new BatchApi(clients).computeEnvironment(access(), name))!.launchTemplate!.version).toBe('1');
    await new BatchApi(clients).useLaunchTemplate(access(), name, { id, version: '2' });
    expect((await new BatchApi(clients).computeEnvironment(access(), name))!.launchTemplate).toEqual({
      id,
      name: null,
      version: '2',
    });
  });

  it('refuses an environment that is not there in the words of the emulator, and one whose strategy allows no such change', async () => {
    const update = (each: AwsClients, name: string) =>
      new BatchApi(each).useLaunchTemplate(access(), name, { id: 'lt-0123456789abcdef0', version: '1' });
    expect(await said(update(clients, 'nothing'))).toEqual(await said(update(direct, 'nothing')));
    const { name } = await fixtures.createComputeEnvironment({ resources: { allocationStrategy: 'BEST_FIT' } });
    expect(await said(update(clients, name))).toEqual({ code: 'aws-rejected', awsCode: 'ClientException' });
  });

  it('makes a version from a source version, which the emulator does not', async () => {
    const { id } = await fixtures.createLaunchTemplate({
      InstanceType: 'm6i.large',
      userData: '#!/bin/sh\necho old\n',
    });
    const make = (each: AwsClients) =>
      new Ec2Api(each).createLaunchTemplateVersion(access(), id, { source: 1, userData: USER_DATA, description: 'x' });
    expect([await make(direct), await make(clients)]).toEqual([2, 3]);
    const versions = await fixtures.launchTemplateVersions(id);
    expect(
      versions.map(({ LaunchTemplateData, VersionDescription }) => [VersionDescription, LaunchTemplateData]),
    ).toEqual([
      [undefined, expect.objectContaining({ InstanceType: 'm6i.large' })],
      ['x', { UserData: USER_DATA }],
      ['x', { InstanceType: 'm6i.large', UserData: USER_DATA }],
    ]);
    expect(await new Ec2Api(clients).launchTemplateVersionDescribed(access(), id, 'x')).toBe(3);
    expect(await new Ec2Api(clients).launchTemplateVersionDescribed(access(), id, 'y')).toBeNull();
  });

  it('refuses a template or version that is not there in the words of the emulator', async () => {
    const { id } = await fixtures.createLaunchTemplate();
    const make = (template: string, source: number) =>
      said(
        new Ec2Api(clients).createLaunchTemplateVersion(access(), template, {
          source,
          userData: USER_DATA,
          description: 'x',
        }),
      );
    expect(await make('lt-0123456789abcdef0', 1)).toMatchObject({ awsCode: 'InvalidLaunchTemplateId.NotFound' });
    expect(await make(id, 7)).toMatchObject({ awsCode: 'InvalidLaunchTemplateId.VersionNotFound' });
  });
});
