import { Database } from '../../src/server/database/database.js';
import { AwsFixtures } from '../support/aws-fixtures.js';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const OTHER_ACCOUNT = { roleArn: 'arn:aws:iam::210987654321:role/batchpoint', externalId: 'batchpoint-genomics' };

describeNeeding(['moto'], 'Compute environments in AWS', () => {
  let moto: Moto;
  let aws: AwsFixtures;
  let server: TestApp;
  beforeAll(async () => {
    moto = await startMoto();
    aws = new AwsFixtures();
    server = await startTestApp();
  });
  afterAll(async () => {
    await server.close();
    aws.close();
    await moto.close();
  });

  const post = (body: object, query = '') => server.api('post', `/compute-environments${query}`).send(body);
  const patch = (id: string, body: object) => server.api('patch', `/compute-environments/${id}`).send(body);
  async function linked(): Promise<{ id: string; name: string }> {
    const { name } = await aws.createComputeEnvironment();
    return (await post({ name, region: 'us-east-1' }).expect(201)).body;
  }

  describe('are registered', () => {
    it('by name and region, with all that Batch and EC2 say of them', async () => {
      const network = await aws.createNetwork({ zones: ['a', 'b'] });
      const template = await aws.createLaunchTemplate({ userData: '#!/bin/sh\n' });
      await aws.createLaunchTemplateVersion(template.id, {
        userData:
          '#!/bin/sh\n# batchpoint-user-data v1\nexport TOKEN=bpj_Zm9yIGV4YW1wbGUgb25seSwgbm90IGEgcmVhbCB0b2tlbg\n',
        BlockDeviceMappings: [
          { DeviceName: '/dev/xvdb', Ebs: { VolumeSize: 500 } },
          { DeviceName: '/dev/xvda', Ebs: { VolumeSize: 100 } },
        ],
      });
      const { name, arn } = await aws.createComputeEnvironment({
        resources: {
          subnets: network.subnetIds,
          securityGroupIds: [network.securityGroupId],
          launchTemplate: { launchTemplateId: template.id, version: '$Latest' },
        },
      });
      const queue = await aws.createJobQueue([name]);
      await aws.createJobQueue([(await aws.createComputeEnvironment()).name]);

      const { body } = await post({ name, region: 'us-east-1' }).expect(201);
      expect(body).toMatchObject({
        name,
        region: 'us-east-1',
        roleArn: null,
        externalId: null,
        arn,
        instanceTypes: ['m6i.large', 'm6i.xlarge'],
        syncedAt: expect.any(String),
        syncFailure: null,
      });
      expect(body.aws).toEqual({
        managed: true,
        state: 'ENABLED',
        status: 'VALID',
        statusReason: 'Compute environment is available',
        resourceType: 'SPOT',
        allocationStrategy: 'SPOT_PRICE_CAPACITY_OPTIMIZED',
        minvCpus: 0,
        maxvCpus: 64,
        instanceTypes: ['m6i.large', 'm6i.xlarge'],
        instanceRole: expect.stringContaining(':instance-profile/'),
        subnets: network.subnetIds.map((id, i) => ({
          id,
          vpcId: network.vpcId,
          availabilityZone: `us-east-1${'ab'[i]}`,
        })),
        securityGroupIds: [network.securityGroupId],
        launchTemplate: {
          ...template,
          version: '$Latest',
          versionNumber: 2,
          installsAgent: true,
          imageId: null,
          securityGroupIds: [],
          rootVolumeBytes: 100 * 1024 ** 3,
        },
        lostLaunchTemplate: null,
        imageId: null,
        imageType: null,
        ecsClusterArn: expect.stringContaining(':cluster/'),
        jobQueues: [{ ...queue, state: 'ENABLED', priority: 1 }],
      });
      // Whoever could read the database would otherwise have a token for hosts.
      const [row] = await server.app
        .get(Database)
        .manager.query('select aws::text as text from compute_environments where id = $1', [body.id]);
      expect(row.text).toContain('TOKEN=bpj_...');
      expect(row.text).not.toContain('Zm9yIGV4YW1wbGU');
    });

    it('by ARN, which says name and region', async () => {
      const west = new AwsFixtures('eu-west-1');
      const { name, arn } = await west.createComputeEnvironment();
      west.close();
      const { body } = await post({ arn }).expect(201);
      expect(body).toMatchObject({ name, region: 'eu-west-1', arn });
    });

    it('unmanaged too: then only queues are known', async () => {
      const { name } = await aws.createComputeEnvironment({ type: 'UNMANAGED' });
      const { body } = await post({ name, region: 'us-east-1' }).expect(201);
      expect(body.aws).toMatchObject({ managed: false, resourceType: null, instanceTypes: [], subnets: [] });
    });

    it('not at all by a dry run, which says what it would find', async () => {
      const { name } = await aws.createComputeEnvironment({ state: 'DISABLED' });
      const { body } = await post({ name, region: 'us-east-1' }, '?dryRun=true').expect(201);
      expect(body).toMatchObject({ name, aws: { state: 'DISABLED' } });
      expect((body.findings as { code: string }[]).map(({ code }) => code)).toEqual(
        expect.arrayContaining(['no-storage', 'environment-disabled', 'launch-template-missing']),
      );
      const { body: list } = await server.api('get', `/compute-environments?name=${name}`).expect(200);
      expect(list.items).toEqual([]);
    });
  });

  describe('are refused', () => {
    const refused = async (body: object, pointer: string, detail: RegExp, status = 400) => {
      const answer = await post(body).expect(status);
      expect(answer.body.errors).toEqual([
        { pointer, code: expect.any(String), detail: expect.stringMatching(detail) },
      ]);
    };

    it('when AWS has no such environment, with region and account', async () => {
      await refused(
        { name: 'nothing', region: 'us-west-2' },
        '/name',
        /^AWS Batch has no compute environment nothing in us-west-2 of account 123456789012\. Check/,
      );
      const { name } = await aws.createComputeEnvironment();
      await refused({ name, region: 'us-east-1', ...OTHER_ACCOUNT }, '/name', /in us-east-1 of account 210987654321/);
      const arn = 'arn:aws:batch:us-east-1:123456789012:compute-environment/nothing';
      await refused({ arn }, '/arn', /no compute environment arn:aws:batch:/);
    });

    it('on Fargate, where there is no host', async () => {
      const { name } = await aws.createComputeEnvironment({
        resources: { type: 'FARGATE_SPOT', allocationStrategy: undefined },
      });
      await refused(
        { name, region: 'us-east-1' },
        '/name',
        /is of type FARGATE_SPOT: .*Use an environment of type SPOT/,
      );
    });

    it.each<[string, object, string, RegExp]>([
      ['a region that is none', { name: 'a', region: 'Virginia' }, '/region', /must be an AWS region such as/],
      ['an ARN of something else', { arn: 'arn:aws:s3:::bucket' }, '/arn', /arn must be that of a compute environment/],
      [
        'a role that is none',
        { name: 'a', region: 'us-east-1', roleArn: 'admin' },
        '/roleArn',
        /the ARN of an IAM role/,
      ],
      ['an odd external id', { name: 'a', externalId: 'a b' }, '/externalId', /externalId must consist of/],
      ['a role without a region', { name: 'a', roleArn: OTHER_ACCOUNT.roleArn }, '/roleArn', /needs a region/],
      [
        'an external id without a role',
        { name: 'a', region: 'us-east-1', externalId: 'ab' },
        '/externalId',
        /needs a roleArn/,
      ],
      [
        'another name than that of the ARN',
        { name: 'b', arn: 'arn:aws:batch:us-east-1:123456789012:compute-environment/a' },
        '/name',
        /name is b, but arn is that of a/,
      ],
      [
        'another region than that of the ARN',
        { region: 'us-east-2', arn: 'arn:aws:batch:us-east-1:123456789012:compute-environment/a' },
        '/region',
        /region is us-east-2, but arn is in us-east-1/,
      ],
      [
        'instance types of their own',
        { name: 'a', region: 'us-east-1', instanceTypes: ['m6i'] },
        '/instanceTypes',
        /come from AWS Batch/,
      ],
    ])('with %s', async (_, body, pointer, detail) => refused(body, pointer, detail));

    it('when AWS does not answer, in words, and are then not registered', async () => {
      const kept = process.env['AWS_ENDPOINT_URL'];
      process.env['AWS_ENDPOINT_URL'] = 'http://127.0.0.1:1';
      // A region nobody asked yet gets a client of its own, which goes nowhere.
      const { body } = await post({ name: 'unheard', region: 'ap-south-1' }).expect(503);
      process.env['AWS_ENDPOINT_URL'] = kept;
      expect(body).toMatchObject({
        code: 'aws-unreachable',
        detail: expect.stringContaining('batch:DescribeComputeEnvironments'),
      });
      expect((await server.api('get', '/compute-environments?name=unheard').expect(200)).body.items).toEqual([]);
    });
  });

  describe('are changed', () => {
    it('from a name into one that AWS is asked about, and back', async () => {
      const { name } = await aws.createComputeEnvironment();
      const { body: named } = await post({ name, instanceTypes: ['c5.large'] }).expect(201);
      expect(named).toMatchObject({ region: null, aws: null, arn: null, syncedAt: null });
      const { body } = await patch(named.id, { region: 'us-east-1' }).expect(200);
      expect(body).toMatchObject({ region: 'us-east-1', instanceTypes: ['m6i.large', 'm6i.xlarge'], version: 2 });
      const { body: refused } = await patch(named.id, { instanceTypes: ['c5.large'] }).expect(400);
      expect(refused.errors).toMatchObject([{ pointer: '/instanceTypes', code: 'from-aws' }]);
      const { body: back } = await patch(named.id, { region: null, instanceTypes: ['c5.large'] }).expect(200);
      expect(back).toMatchObject({ region: null, aws: null, arn: null, syncedAt: null, instanceTypes: ['c5.large'] });
    });

    it('to another account, where they must be too', async () => {
      const { id, name } = await linked();
      const { body } = await patch(id, OTHER_ACCOUNT).expect(400);
      expect(body.errors).toMatchObject([
        {
          pointer: '/region',
          code: 'not-found',
          detail: expect.stringContaining(`${name} in us-east-1 of account 210987654321`),
        },
      ]);
      const own = { roleArn: `arn:aws:iam::${moto.accountId}:role/batchpoint`, externalId: 'batchpoint-genomics' };
      expect((await patch(id, own).expect(200)).body).toMatchObject({ ...own, region: 'us-east-1' });
      // Without the role there is nobody to show the external id to.
      expect((await patch(id, { roleArn: null }).expect(200)).body).toMatchObject({ roleArn: null, externalId: null });
      await patch(id, { externalId: 'of-nobody' }).expect(400);
      await patch(id, { region: null, roleArn: own.roleArn }).expect(400);
    });
  });
});
