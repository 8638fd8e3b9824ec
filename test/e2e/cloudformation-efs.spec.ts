import { DescribeJobDefinitionsCommand, DescribeJobQueuesCommand } from '@aws-sdk/client-batch';
import {
  CreateVpcCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  DescribeFileSystemsCommand,
  DescribeMountTargetSecurityGroupsCommand,
  DescribeMountTargetsCommand,
  EFSClient,
} from '@aws-sdk/client-efs';
import { EventBridgeClient, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import { PurgeQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { emulatedTemplate } from '../support/emulated-template.js';
import { describeNeeding } from '../support/requires.js';
import { EmulatedStacks, type MadeStack } from '../support/emulated-stacks.js';

const REGION = { region: 'us-east-1' };
const userDataOf = (base64: string | undefined): string => Buffer.from(base64!, 'base64').toString('utf8');

describeNeeding(['moto'], 'The EFS template makes its architecture in a network of its own, with RDS', () => {
  let stacks: EmulatedStacks;
  let made: MadeStack;
  let subnets: string[];
  beforeAll(async () => {
    stacks = await EmulatedStacks.start();
    made = await stacks.create('bp-efs', 'efs', {
      Database: 'rds',
      ClientCidr: '10.8.0.0/16',
      CompatibilityGroup: 'c7i',
      AutoEbs: 'yes',
    });
    subnets = [made.id('SubnetA'), made.id('SubnetB')];
  });

  afterEach(() => stacks.moto.allowAll());
  afterAll(() => stacks.close());

  it('whole', () => {
    expect(made.status).toBe('CREATE_COMPLETE');
    expect(made.logicalIds).toEqual(emulatedTemplate('efs').made.sort());
    expect(made.output('ServerUrl')).toMatch(/^https:\/\/10\.90\.0\.\d+:8443$/);
  });

  it('with subnets in two zones', async () => {
    const { Subnets } = await stacks.ec2.send(new DescribeSubnetsCommand({ SubnetIds: subnets }));
    expect(new Set(Subnets!.map((subnet) => subnet.AvailabilityZone)).size).toBe(2);
  });

  it('with an encrypted file system that hosts, and nobody else, reach in both', async () => {
    const efs = new EFSClient(REGION);
    const FileSystemId = made.id('FileSystem');
    const { FileSystems } = await efs.send(new DescribeFileSystemsCommand({ FileSystemId }));
    expect(FileSystems![0]).toMatchObject({ Encrypted: true, ThroughputMode: 'elastic' });
    const { MountTargets } = await efs.send(new DescribeMountTargetsCommand({ FileSystemId }));
    expect(MountTargets!.map((target) => target.SubnetId).sort()).toEqual([...subnets].sort());
    for (const { MountTargetId } of MountTargets!) {
      const groups = await efs.send(new DescribeMountTargetSecurityGroupsCommand({ MountTargetId }));
      const { SecurityGroups } = await stacks.ec2.send(
        new DescribeSecurityGroupsCommand({ GroupIds: groups.SecurityGroups! }),
      );
      expect(SecurityGroups!.flatMap((group) => group.IpPermissions)).toMatchObject([
        { FromPort: 2049, ToPort: 2049, IpRanges: [], UserIdGroupPairs: [{ GroupId: made.id('HostSecurityGroup') }] },
      ]);
    }
    efs.destroy();
  });

  it('with a Spot environment of one group that starts hosts from its launch template, and a queue to it', async () => {
    const environment = await stacks.environment('bp-efs');
    expect(environment).toMatchObject({ state: 'ENABLED', type: 'MANAGED' });
    expect(environment.computeResources).toMatchObject({
      type: 'SPOT',
      allocationStrategy: 'SPOT_PRICE_CAPACITY_OPTIMIZED',
      minvCpus: 0,
      instanceTypes: expect.arrayContaining(['c7i.large', 'c7i.24xlarge']),
      ec2Configuration: [{ imageType: 'ECS_AL2023' }],
      subnets,
      securityGroupIds: [made.id('HostSecurityGroup')],
      launchTemplate: { launchTemplateId: made.id('LaunchTemplate'), version: '1' },
    });
    const { jobQueues } = await stacks.batch.send(new DescribeJobQueuesCommand({ jobQueues: ['bp-efs'] }));
    expect(jobQueues![0]).toMatchObject({
      state: 'ENABLED',
      computeEnvironmentOrder: [{ order: 1, computeEnvironment: environment.computeEnvironmentArn }],
    });
  });

  it('with hosts that read this stack’s secret, drain, and keep their credentials from jobs', async () => {
    const { LaunchTemplateVersions } = await stacks.ec2.send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: made.id('LaunchTemplate') }),
    );
    const data = LaunchTemplateVersions![0]!.LaunchTemplateData!;
    expect(data.MetadataOptions).toMatchObject({ HttpTokens: 'required', HttpPutResponseHopLimit: 1 });
    const text = userDataOf(data.UserData);
    expect(text).toContain(`setup_secret='${made.output('HostSetupSecret')}'`);
    expect(text).toContain("region='us-east-1'");
    expect(text).toMatch(/^echo ECS_ENABLE_SPOT_INSTANCE_DRAINING=true /m);
    expect(text).not.toContain('${');
  });

  it('with a job definition that is tried again after a reclaim, and only then', async () => {
    const { jobDefinitions } = await stacks.batch.send(
      new DescribeJobDefinitionsCommand({ jobDefinitionName: 'bp-efs-example' }),
    );
    const { retryStrategy } = jobDefinitions![0]!;
    expect(retryStrategy!.attempts).toBe(10);
    // The emulator answers the actions in lower case.
    expect(retryStrategy!.evaluateOnExit!.map((rule) => ({ ...rule, action: rule.action!.toUpperCase() }))).toEqual([
      { onStatusReason: 'Host EC2*', action: 'RETRY' },
      { onReason: '*', action: 'EXIT' },
    ]);
  });

  it('with a server that knows its database, where its image is named, and its queue of events', async () => {
    const InstanceId = made.id('Server');
    const { Reservations } = await stacks.ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
    expect(Reservations![0]!.Instances![0]).toMatchObject({ SubnetId: subnets[0] });
    const { UserData } = await stacks.ec2.send(
      new DescribeInstanceAttributeCommand({ InstanceId, Attribute: 'userData' }),
    );
    const text = userDataOf(UserData!.Value);
    expect(text).toMatch(/^DATABASE_HOST=.+\.rds\.amazonaws\.com$/m);
    expect(text).toContain(`IMAGE_PARAMETER=${made.id('ServerImage')}`);
    expect(text).toContain(`EVENT_QUEUE_URL=${made.id('EventQueue')}`);
    expect(text).toContain(made.id('FileSystem'));
  });

  it('with events of jobs and of Spot that go to the queue of the server', async () => {
    const events = new EventBridgeClient(REGION);
    for (const rule of ['JobEvents', 'SpotEvents']) {
      const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: made.id(rule) }));
      expect(Targets!.map((target) => target.Arn!.split(':').at(-1))).toEqual([
        made.id('EventQueue').split('/').at(-1),
      ]);
    }
    events.destroy();
  });

  // Of Batch and EFS the emulator knows no action by its name, and denies them all.
  it('with a server that may look around in EC2 and take from its queue, and change nothing else', async () => {
    const QueueUrl = made.id('EventQueue');
    const asServer = { ...REGION, credentials: await stacks.credentialsOf(made.id('ServerRole')), maxAttempts: 1 };
    const [itsSqs, itsEc2] = [new SQSClient({ ...asServer, useQueueUrlAsEndpoint: false }), new EC2Client(asServer)];
    await stacks.moto.enforceIam();
    await itsEc2.send(new DescribeSubnetsCommand({ SubnetIds: subnets }));
    await itsSqs.send(new ReceiveMessageCommand({ QueueUrl }));
    const denied = /not authorized|Denied/;
    await expect(itsEc2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).rejects.toThrow(denied);
    await expect(itsEc2.send(new DescribeInstancesCommand({}))).rejects.toThrow(denied);
    await expect(itsSqs.send(new PurgeQueueCommand({ QueueUrl }))).rejects.toThrow();
    await stacks.moto.allowAll();
    for (const client of [itsSqs, itsEc2]) client.destroy();
  });

  it('and, made again from the same, the same', async () => {
    const parameters = { Database: 'rds', ClientCidr: '10.8.0.0/16', CompatibilityGroup: 'c7i', AutoEbs: 'yes' };
    const before = await stacks.idsOf('bp-efs');
    await stacks.update('bp-efs', 'efs', parameters);
    expect(await stacks.idsOf('bp-efs')).toEqual(before);
  });
});
