import {
  BatchClient,
  DescribeComputeEnvironmentsCommand,
  DescribeJobDefinitionsCommand,
  DescribeJobQueuesCommand,
} from '@aws-sdk/client-batch';
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  type Stack,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import {
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeImagesCommand,
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
import { CreateRoleCommand, IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  GetBucketEncryptionCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { PurgeQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { TemplateName } from '../support/cloudformation-template.js';
import { emulatedTemplate } from '../support/emulated-template.js';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';

const REGION = { region: 'us-east-1' };

describeNeeding(['moto'], 'The CloudFormation templates make', () => {
  let moto: Moto;
  let cloudFormation: CloudFormationClient;
  let batch: BatchClient;
  let ec2: EC2Client;
  let common: Record<string, string>;

  beforeAll(async () => {
    moto = await startMoto();
    cloudFormation = new CloudFormationClient(REGION);
    batch = new BatchClient(REGION);
    ec2 = new EC2Client(REGION);
    const iam = new IAMClient(REGION);
    // AWS makes the service-linked role of Batch by itself; the emulator wants to be told one.
    const { Role } = await iam.send(
      new CreateRoleCommand({ RoleName: 'batch', AssumeRolePolicyDocument: JSON.stringify({ Statement: [] }) }),
    );
    iam.destroy();
    const { Images } = await ec2.send(new DescribeImagesCommand({}));
    common = { BatchServiceRoleArn: Role!.Arn!, ServerAmiId: Images![0]!.ImageId!, ServerVersion: '1.2.3' };
  });
  afterEach(() => moto.allowAll());
  afterAll(async () => {
    for (const client of [cloudFormation, batch, ec2]) client.destroy();
    await moto.close();
  });

  const input = (StackName: string, name: TemplateName, parameters: Record<string, string>) => ({
    StackName,
    TemplateBody: emulatedTemplate(name).body,
    Parameters: Object.entries({ ...common, ...parameters }).map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    })),
    Capabilities: ['CAPABILITY_IAM' as const],
  });
  const create = async (StackName: string, name: TemplateName, parameters: Record<string, string>): Promise<Made> => {
    await cloudFormation.send(new CreateStackCommand(input(StackName, name, parameters)));
    const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
    return new Made(Stacks![0]!, await idsOf(StackName));
  };
  const idsOf = async (StackName: string): Promise<Record<string, string>> => {
    const { StackResources } = await cloudFormation.send(new DescribeStackResourcesCommand({ StackName }));
    // The emulator lists what a condition kept from being made, too: without an id.
    const made = StackResources!.filter((resource) => resource.LogicalResourceId !== undefined);
    return Object.fromEntries(made.map((resource) => [resource.LogicalResourceId!, resource.PhysicalResourceId!]));
  };
  const environmentOf = async (name: string) =>
    (await batch.send(new DescribeComputeEnvironmentsCommand({ computeEnvironments: [name] }))).computeEnvironments![0];
  const userDataOf = (base64: string | undefined): string => Buffer.from(base64!, 'base64').toString('utf8');
  /** Calls with the permissions of a role of the stack, and no others. */
  const as = async (
    roleName: string,
  ): Promise<{ accessKeyId: string; secretAccessKey: string; sessionToken: string }> => {
    const sts = new STSClient(REGION);
    const RoleArn = `arn:aws:iam::${moto.accountId}:role/${roleName}`;
    const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }));
    sts.destroy();
    return {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    };
  };

  describe('the EFS architecture in a network of its own, with RDS', () => {
    let made: Made;
    let subnets: string[];
    beforeAll(async () => {
      made = await create('bp-efs', 'efs', { Database: 'rds', ClientCidr: '10.8.0.0/16', CompatibilityGroup: 'c7i' });
      subnets = [made.id('SubnetA'), made.id('SubnetB')];
    });

    it('whole', () => {
      expect(made.stack.StackStatus).toBe('CREATE_COMPLETE');
      expect(made.logicalIds).toEqual(emulatedTemplate('efs').made.sort());
      expect(made.output('ServerUrl')).toMatch(/^https:\/\/10\.90\.0\.\d+:8443$/);
    });

    it('with subnets in two zones', async () => {
      const { Subnets } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: subnets }));
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
        const { SecurityGroups } = await ec2.send(
          new DescribeSecurityGroupsCommand({ GroupIds: groups.SecurityGroups! }),
        );
        expect(SecurityGroups!.flatMap((group) => group.IpPermissions)).toMatchObject([
          { FromPort: 2049, ToPort: 2049, IpRanges: [], UserIdGroupPairs: [{ GroupId: made.id('HostSecurityGroup') }] },
        ]);
      }
      efs.destroy();
    });

    it('with a Spot environment of one group that starts hosts from its launch template, and a queue to it', async () => {
      const environment = await environmentOf('bp-efs');
      expect(environment).toMatchObject({ state: 'ENABLED', type: 'MANAGED' });
      expect(environment!.computeResources).toMatchObject({
        type: 'SPOT',
        allocationStrategy: 'SPOT_PRICE_CAPACITY_OPTIMIZED',
        minvCpus: 0,
        instanceTypes: expect.arrayContaining(['c7i.large', 'c7i.24xlarge']),
        ec2Configuration: [{ imageType: 'ECS_AL2023' }],
        subnets,
        securityGroupIds: [made.id('HostSecurityGroup')],
        launchTemplate: { launchTemplateId: made.id('LaunchTemplate'), version: '1' },
      });
      const { jobQueues } = await batch.send(new DescribeJobQueuesCommand({ jobQueues: ['bp-efs'] }));
      expect(jobQueues![0]).toMatchObject({
        state: 'ENABLED',
        computeEnvironmentOrder: [{ order: 1, computeEnvironment: environment!.computeEnvironmentArn }],
      });
    });

    it('with hosts that read this stack’s secret, drain, and keep their credentials from jobs', async () => {
      const { LaunchTemplateVersions } = await ec2.send(
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
      const { jobDefinitions } = await batch.send(
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

    it('with a server that knows its database, its image and its queue of events', async () => {
      const InstanceId = made.id('Server');
      const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
      expect(Reservations![0]!.Instances![0]).toMatchObject({ SubnetId: subnets[0] });
      const { UserData } = await ec2.send(new DescribeInstanceAttributeCommand({ InstanceId, Attribute: 'userData' }));
      const text = userDataOf(UserData!.Value);
      expect(text).toMatch(/^DATABASE_HOST=.+\.rds\.amazonaws\.com$/m);
      expect(text).toMatch(/^IMAGE=123456789012\.dkr\.ecr\.us-east-1\.amazonaws\.com\/batchpoint:1\.2\.3$/m);
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
      const asServer = { ...REGION, credentials: await as(made.id('ServerRole')), maxAttempts: 1 };
      const [itsSqs, itsEc2] = [new SQSClient({ ...asServer, useQueueUrlAsEndpoint: false }), new EC2Client(asServer)];
      await moto.enforceIam();
      await itsEc2.send(new DescribeSubnetsCommand({ SubnetIds: subnets }));
      await itsSqs.send(new ReceiveMessageCommand({ QueueUrl }));
      const denied = /not authorized|Denied/;
      await expect(itsEc2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).rejects.toThrow(denied);
      await expect(itsEc2.send(new DescribeInstancesCommand({}))).rejects.toThrow(denied);
      await expect(itsSqs.send(new PurgeQueueCommand({ QueueUrl }))).rejects.toThrow();
      await moto.allowAll();
      for (const client of [itsSqs, itsEc2]) client.destroy();
    });

    it('and, made again from the same, the same', async () => {
      const parameters = { Database: 'rds', ClientCidr: '10.8.0.0/16', CompatibilityGroup: 'c7i' };
      const before = await idsOf('bp-efs');
      await cloudFormation.send(new UpdateStackCommand(input('bp-efs', 'efs', parameters)));
      expect(await idsOf('bp-efs')).toEqual(before);
    });
  });

  describe('the JuiceFS architecture in a network that is there, with its own PostgreSQL', () => {
    let made: Made;
    let s3: S3Client;
    let network: { VpcId: string; SubnetIdA: string; SubnetIdB: string };
    beforeAll(async () => {
      s3 = new S3Client({ ...REGION, forcePathStyle: true });
      const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
      const VpcId = Vpc!.VpcId!;
      const subnet = async (zone: string, CidrBlock: string): Promise<string> =>
        (await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone: `us-east-1${zone}` }))).Subnet!
          .SubnetId!;
      network = { VpcId, SubnetIdA: await subnet('a', '10.0.0.0/24'), SubnetIdB: await subnet('b', '10.0.1.0/24') };
      const juicefs = { JuiceFsVersion: '1.3.0', JuiceFsSha256: 'a'.repeat(64) };
      made = await create('bp-juicefs', 'juicefs', { ...network, ...juicefs });
    });
    afterAll(() => s3.destroy());

    it('whole, and no network', () => {
      expect(made.stack.StackStatus).toBe('CREATE_COMPLETE');
      const conditional =
        /^(Vpc|InternetGateway|Subnet|RouteTable|DefaultRoute|S3Endpoint|Database|ServerClientIngress)/;
      expect(made.logicalIds).toEqual(
        emulatedTemplate('juicefs')
          .made.filter((id) => !conditional.test(id))
          .sort(),
      );
    });

    it('with an encrypted bucket', async () => {
      const Bucket = made.output('BucketName');
      const encryption = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
      expect(encryption.ServerSideEncryptionConfiguration!.Rules).toMatchObject([
        { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
      ]);
    });

    it('with hosts that may use this bucket, and neither another nor its policy', async () => {
      const Bucket = made.output('BucketName');
      await s3.send(new CreateBucketCommand({ Bucket: 'other' }));
      const credentials = await as(made.id('HostRole'));
      const hostS3 = new S3Client({ ...REGION, credentials, maxAttempts: 1, forcePathStyle: true });
      await moto.enforceIam();
      await hostS3.send(new ListObjectsV2Command({ Bucket }));
      await hostS3.send(new PutObjectCommand({ Bucket, Key: 'batchpoint/chunk', Body: 'data' }));
      expect(
        await (await hostS3.send(new GetObjectCommand({ Bucket, Key: 'batchpoint/chunk' }))).Body!.transformToString(),
      ).toBe('data');
      await expect(hostS3.send(new PutObjectCommand({ Bucket: 'other', Key: 'x', Body: 'x' }))).rejects.toThrow(
        /Denied/,
      );
      await expect(hostS3.send(new PutBucketPolicyCommand({ Bucket, Policy: '{}' }))).rejects.toThrow(/Denied/);
      await moto.allowAll();
      hostS3.destroy();
    });

    it('with an environment in that network', async () => {
      const { computeResources } = (await environmentOf('bp-juicefs'))!;
      expect(computeResources!.subnets).toEqual([network.SubnetIdA, network.SubnetIdB]);
      const { SecurityGroups } = await ec2.send(
        new DescribeSecurityGroupsCommand({
          GroupIds: [...computeResources!.securityGroupIds!, made.id('StorageSecurityGroup')],
        }),
      );
      expect(SecurityGroups!.map((group) => group.VpcId)).toEqual([network.VpcId, network.VpcId]);
    });

    // The emulator deletes neither what Batch has nor route tables of a stack; everything else it does.
    it('and, deleted, leaves the bucket, and neither the server nor roles nor security groups', async () => {
      await cloudFormation.send(new DeleteStackCommand({ StackName: 'bp-juicefs' }));
      const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({}));
      expect(Stacks!.map((stack) => stack.StackName)).toEqual(['bp-efs']);
      await s3.send(new ListObjectsV2Command({ Bucket: made.output('BucketName') }));
      const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [made.id('Server')] }));
      expect(Reservations![0]!.Instances![0]!.State!.Name).toBe('terminated');
      const { SecurityGroups } = await ec2.send(
        new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'vpc-id', Values: [network.VpcId] }] }),
      );
      expect(SecurityGroups!.map((group) => group.GroupName)).toEqual(['default']);
      const iam = new IAMClient(REGION);
      const { Roles } = await iam.send(new ListRolesCommand({}));
      expect(Roles!.filter((role) => role.RoleName!.startsWith('bp-juicefs'))).toEqual([]);
      iam.destroy();
    });
  });
});

/** A stack that was made. */
class Made {
  constructor(
    readonly stack: Stack,
    private readonly physicalIds: Record<string, string>,
  ) {}
  get logicalIds(): string[] {
    return Object.keys(this.physicalIds).sort();
  }
  /** Throws for a resource that was not made. */
  id(logicalId: string): string {
    const id = this.physicalIds[logicalId];
    if (id === undefined) throw new Error(`${this.stack.StackName!} has no ${logicalId}`);
    return id;
  }
  output(key: string): string {
    return this.stack.Outputs!.find((output) => output.OutputKey === key)!.OutputValue!;
  }
}
