import {
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
} from '@aws-sdk/client-ec2';
import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  GetBucketEncryptionCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { emulatedTemplate } from '../support/emulated-template.js';
import { describeNeeding } from '../support/requires.js';
import { EmulatedStacks, type MadeStack } from '../support/emulated-stacks.js';

const REGION = { region: 'us-east-1' };
describeNeeding(['moto'], 'The JuiceFS template makes its architecture in a network that is there', () => {
  let stacks: EmulatedStacks;
  let made: MadeStack;
  let s3: S3Client;
  let network: { VpcId: string; SubnetIdA: string; SubnetIdB: string };
  beforeAll(async () => {
    stacks = await EmulatedStacks.start();
    s3 = new S3Client({ ...REGION, forcePathStyle: true });
    const { Vpc } = await stacks.ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
    const VpcId = Vpc!.VpcId!;
    const subnet = async (zone: string, CidrBlock: string): Promise<string> =>
      (await stacks.ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone: `us-east-1${zone}` })))
        .Subnet!.SubnetId!;
    network = { VpcId, SubnetIdA: await subnet('a', '10.0.0.0/24'), SubnetIdB: await subnet('b', '10.0.1.0/24') };
    const juicefs = { JuiceFsVersion: '1.3.0', JuiceFsSha256: 'a'.repeat(64) };
    made = await stacks.create('bp-juicefs', 'juicefs', { ...network, ...juicefs });
  });
  afterEach(() => stacks.moto.allowAll());
  afterAll(async () => {
    s3.destroy();
    await stacks.close();
  });

  it('whole, and no network', () => {
    expect(made.status).toBe('CREATE_COMPLETE');
    const conditional =
      /^(Vpc|InternetGateway|Subnet|RouteTable|DefaultRoute|S3Endpoint|Database|ServerClientIngress|AutoEbs)/;
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
    const credentials = await stacks.credentialsOf(made.id('HostRole'));
    const hostS3 = new S3Client({ ...REGION, credentials, maxAttempts: 1, forcePathStyle: true });
    await stacks.moto.enforceIam();
    await hostS3.send(new ListObjectsV2Command({ Bucket }));
    await hostS3.send(new PutObjectCommand({ Bucket, Key: 'batchpoint/chunk', Body: 'data' }));
    expect(
      await (await hostS3.send(new GetObjectCommand({ Bucket, Key: 'batchpoint/chunk' }))).Body!.transformToString(),
    ).toBe('data');
    await expect(hostS3.send(new PutObjectCommand({ Bucket: 'other', Key: 'x', Body: 'x' }))).rejects.toThrow(/Denied/);
    await expect(hostS3.send(new PutBucketPolicyCommand({ Bucket, Policy: '{}' }))).rejects.toThrow(/Denied/);
    await stacks.moto.allowAll();
    hostS3.destroy();
  });

  it('with an environment in that network', async () => {
    const { computeResources } = await stacks.environment('bp-juicefs');
    expect(computeResources!.subnets).toEqual([network.SubnetIdA, network.SubnetIdB]);
    const { SecurityGroups } = await stacks.ec2.send(
      new DescribeSecurityGroupsCommand({
        GroupIds: [...computeResources!.securityGroupIds!, made.id('StorageSecurityGroup')],
      }),
    );
    expect(SecurityGroups!.map((group) => group.VpcId)).toEqual([network.VpcId, network.VpcId]);
  });

  // The emulator deletes neither what Batch has nor route tables of a stack; everything else it does.
  it('and, deleted, leaves the bucket, and neither the server nor roles nor security groups', async () => {
    await stacks.delete('bp-juicefs');
    expect(await stacks.names()).toEqual([]);
    await s3.send(new ListObjectsV2Command({ Bucket: made.output('BucketName') }));
    const { Reservations } = await stacks.ec2.send(new DescribeInstancesCommand({ InstanceIds: [made.id('Server')] }));
    expect(Reservations![0]!.Instances![0]!.State!.Name).toBe('terminated');
    const { SecurityGroups } = await stacks.ec2.send(
      new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'vpc-id', Values: [network.VpcId] }] }),
    );
    expect(SecurityGroups!.map((group) => group.GroupName)).toEqual(['default']);
    const iam = new IAMClient(REGION);
    const { Roles } = await iam.send(new ListRolesCommand({}));
    expect(Roles!.filter((role) => role.RoleName!.startsWith('bp-juicefs'))).toEqual([]);
    iam.destroy();
  });
});
