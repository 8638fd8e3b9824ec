import {
  CreateAccessPointCommand,
  CreateFileSystemCommand,
  CreateMountTargetCommand,
  EFSClient,
} from '@aws-sdk/client-efs';
import {
  CreateReplicationGroupCommand,
  ElastiCacheClient,
  DescribeReplicationGroupsCommand,
} from '@aws-sdk/client-elasticache';
import { CreateFileSystemCommand as CreateFsxCommand, FSxClient } from '@aws-sdk/client-fsx';
import { CreateClusterCommand, MemoryDBClient } from '@aws-sdk/client-memorydb';
import {
  CreateBucketCommand,
  DeleteBucketEncryptionCommand,
  PutBucketEncryptionCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StorageReachability } from '../../src/server/storage/storage-reachability.js';
import { FakeFsx } from '../fakes/fake-fsx.js';
import { AwsNetwork, type TestSubnet } from '../support/aws-network.js';
import { type Moto, startMoto } from '../support/moto.js';
import { describeNeeding } from '../support/requires.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const REGION = 'us-east-1';

describeNeeding(['moto'], 'Storing checkpoint data', () => {
  let moto: Moto;
  let fsx: FakeFsx;
  let network: AwsNetwork;
  let server: TestApp;
  beforeAll(async () => {
    moto = await startMoto();
    fsx = await FakeFsx.start(moto.url);
    network = await AwsNetwork.of(REGION);
    server = await startTestApp();
  });
  afterAll(async () => {
    await server.close();
    network.close();
    await fsx.close();
    await moto.close();
  });

  let serial = 0;
  const unique = (): string => `checkpoints-${(serial += 1)}`;
  const setUp = (kind: string, settings: object, query = '') =>
    server
      .api('post', `/storages${query}`)
      .send({ kind, name: unique(), mountPath: '/mmc-checkpoint', settings: { region: REGION, ...settings } });
  const create = async (kind: string, settings: object): Promise<{ id: string; economics: Record<string, never> }> =>
    (await setUp(kind, settings).expect(201)).body;
  const findings = async (id: string): Promise<{ code: string; severity: string; message: string }[]> =>
    (await server.api('get', `/storages/${id}/findings`).expect(200)).body.items;
  const codes = async (id: string): Promise<string[]> => (await findings(id)).map(({ code }) => code);
  const script = async (id: string): Promise<string> =>
    (await server.api('get', `/storages/${id}/mount-script`).expect(200)).text;
  const requirements = async (id: string) => (await server.api('get', `/storages/${id}/requirements`).expect(200)).body;
  const reach = (id: string, subnets: TestSubnet[], ...securityGroupIds: string[]) =>
    server.app.get(StorageReachability).findings(id, { access: moto.access, subnets, securityGroupIds });
  const refusal = async (kind: string, settings: object) => {
    const { body } = await setUp(kind, settings).expect(400);
    expect((await setUp(kind, settings, '?dryRun=true').expect(400)).body.errors).toEqual(body.errors);
    return body.errors;
  };

  describe('AWS EFS', () => {
    const efs = new EFSClient({ region: REGION });
    afterAll(() => efs.destroy());
    const fileSystem = async (options: object = { Encrypted: true, ThroughputMode: 'elastic' }): Promise<string> =>
      (await efs.send(new CreateFileSystemCommand({ CreationToken: unique(), ...options }))).FileSystemId!;
    const mountTarget = (FileSystemId: string, subnet: TestSubnet, group: string) =>
      efs.send(new CreateMountTargetCommand({ FileSystemId, SubnetId: subnet.id, SecurityGroups: [group] }));

    it('is a file system that exists: one that does not is refused, by a dry run too', async () => {
      expect(await refusal('efs', { fileSystemId: 'fs-0123456789abcdef0' })).toEqual([
        {
          pointer: '/settings/fileSystemId',
          code: 'not-found',
          detail: 'There is no EFS file system fs-0123456789abcdef0 in us-east-1.',
        },
      ]);
      const elsewhere = { fileSystemId: await fileSystem(), region: 'eu-west-1' };
      expect((await refusal('efs', elsewhere))[0].detail).toContain('in eu-west-1');
    });

    it('through an access point, if it is one of that file system', async () => {
      const [one, other] = [await fileSystem(), await fileSystem()];
      const { AccessPointId: accessPointId } = await efs.send(
        new CreateAccessPointCommand({ FileSystemId: one, ClientToken: unique() }),
      );
      const { id } = await create('efs', { fileSystemId: one, accessPointId });
      expect(await script(id)).toContain(`accesspoint=${accessPointId}`);
      expect((await requirements(id)).cloudFormation).toContain('AWS::EFS::AccessPoint');
      expect(await refusal('efs', { fileSystemId: other, accessPointId })).toEqual([
        { pointer: '/settings/accessPointId', code: 'not-found', detail: expect.stringContaining(`it is of ${one}`) },
      ]);
      const unknown = 'fsap-0123456789abcdef0';
      expect((await refusal('efs', { fileSystemId: one, accessPointId: unknown }))[0].detail).toContain(
        `There is no EFS access point ${unknown} in us-east-1`,
      );
    });

    it('is mounted over TLS, at every boot once the network is there', async () => {
      const fileSystemId = await fileSystem();
      const { id } = await create('efs', { fileSystemId });
      const text = await script(id);
      expect(text).toContain('mkdir -p "$target"');
      expect(text).toContain("type='efs'");
      expect(text).toContain(`line="$source $target $type _netdev,nofail,tls,region=us-east-1 0 0"`);
      expect(text).toContain('amazon-efs-utils');
    });

    it('says how fast it can be and what it costs', async () => {
      const { economics } = await create('efs', { fileSystemId: await fileSystem() });
      expect(economics).toMatchObject({
        throughput: { writeMibPerSecond: 5120, readMibPerSecond: 61_440, source: expect.stringContaining('docs.aws') },
        cost: { perGibMonth: '0.30', currency: 'USD', region: REGION, source: 'https://aws.amazon.com/efs/pricing/' },
      });
      const provisioned = { ThroughputMode: 'provisioned', ProvisionedThroughputInMibps: 128 };
      const slower = await create('efs', { fileSystemId: await fileSystem(provisioned) });
      expect(slower.economics).toMatchObject({ throughput: { writeMibPerSecond: 128, readMibPerSecond: 384 } });
      const bursting = await create('efs', { fileSystemId: await fileSystem({}) });
      expect(bursting.economics).toMatchObject({ throughput: { writeMibPerSecond: null } });
    });

    it('has findings where it is not as it should be', async () => {
      expect(await codes((await create('efs', { fileSystemId: await fileSystem() })).id)).toEqual([]);
      const oneZone = await fileSystem({ Encrypted: false, AvailabilityZoneName: 'us-east-1a' });
      expect(await codes((await create('efs', { fileSystemId: oneZone })).id)).toEqual([
        'storage-not-encrypted',
        'storage-single-zone',
      ]);
    });

    it('has a mount target in the zone of each subnet, and lets the hosts in at 2049', async () => {
      const [first, second] = network.subnets as [TestSubnet, TestSubnet];
      const [hosts, storage] = [await network.securityGroup(), await network.securityGroup()];
      const fileSystemId = await fileSystem();
      const { id } = await create('efs', { fileSystemId });
      expect((await requirements(id)).ports).toEqual([{ from: 2049, to: 2049, purpose: 'NFS' }]);

      expect((await reach(id, [first], hosts)).map(({ code }) => code)).toEqual(['mount-target-missing']);
      await mountTarget(fileSystemId, first, storage);
      const [missing, blocked] = await reach(id, [first, second], hosts);
      expect(missing).toMatchObject({
        severity: 'error',
        code: 'mount-target-missing',
        message: `The EFS file system ${fileSystemId} has no mount target in ${second.availabilityZone}, where hosts of ${second.id} run.`,
      });
      expect(blocked).toMatchObject({
        severity: 'error',
        code: 'port-blocked',
        message: expect.stringContaining(`(${storage}) do not let the hosts' groups (${hosts}) in at TCP 2049.`),
        remedy: `Add an inbound rule to ${storage}: TCP 2049, source ${hosts}.`,
      });
      await network.allow(storage, [2049, 2049], hosts);
      await mountTarget(fileSystemId, second, storage);
      expect(await reach(id, [first, second], hosts)).toEqual([]);
    });

    it('is reached too where a rule names addresses instead of a group, and not where hosts may not go out', async () => {
      const subnet = network.subnets[0]!;
      const [hosts, storage] = [await network.securityGroup(), await network.securityGroup()];
      const fileSystemId = await fileSystem();
      await mountTarget(fileSystemId, subnet, storage);
      const { id } = await create('efs', { fileSystemId });
      await network.allow(storage, [0, 65_535], '10.99.0.0/16');
      expect((await reach(id, [subnet], hosts)).map(({ code }) => code)).toEqual(['port-blocked']);
      await network.allow(storage, [2000, 3000], subnet.cidr);
      expect(await reach(id, [subnet], hosts)).toEqual([]);
      await network.shut(hosts);
      expect(await reach(id, [subnet], hosts)).toEqual([
        expect.objectContaining({ message: expect.stringContaining('do not let them out') }),
      ]);
    });

    it('names a VPC that is not that of the hosts', async () => {
      const subnet = network.subnets[0]!;
      const fileSystemId = await fileSystem();
      await mountTarget(fileSystemId, subnet, await network.securityGroup());
      const { id } = await create('efs', { fileSystemId });
      const stranger = { ...subnet, id: 'subnet-0000', vpcId: 'vpc-0000', availabilityZone: 'us-east-1f' };
      expect((await reach(id, [stranger])).map(({ code }) => code)).toEqual(['different-vpc']);
    });
  });

  describe('JuiceFS with AWS S3', () => {
    const s3 = new S3Client({ region: REGION, forcePathStyle: true });
    const elastiCache = new ElastiCacheClient({ region: REGION });
    const memoryDb = new MemoryDBClient({ region: REGION });
    afterAll(() => {
      for (const client of [s3, elastiCache, memoryDb]) client.destroy();
    });
    const GUARDED = {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    };
    const bucket = async (): Promise<string> => {
      const Bucket = `bucket-${process.pid}-${unique()}`;
      await s3.send(new CreateBucketCommand({ Bucket }));
      const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } };
      await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }));
      await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: GUARDED }));
      return Bucket;
    };
    const redis = async (tls = true): Promise<string> => {
      const ReplicationGroupId = unique();
      const settings = { ReplicationGroupDescription: 'metadata', TransitEncryptionEnabled: tls };
      await elastiCache.send(new CreateReplicationGroupCommand({ ReplicationGroupId, ...settings }));
      const { ReplicationGroups = [] } = await elastiCache.send(
        new DescribeReplicationGroupsCommand({ ReplicationGroupId }),
      );
      return ReplicationGroups[0]!.NodeGroups![0]!.PrimaryEndpoint!.Address!;
    };
    const urlOf = (host: string): string => `rediss://:hunter2@${host}:6379/1`;

    it('is a bucket that exists', async () => {
      expect(await refusal('juicefs', { metadataUrl: urlOf('cache.internal'), bucket: 'nobody-has-this' })).toEqual([
        { pointer: '/settings/bucket', code: 'not-found', detail: 'There is no S3 bucket nobody-has-this.' },
      ]);
    });

    it('encrypted, closed to the public, and beside a Redis that speaks TLS: nothing to find', async () => {
      const { id } = await create('juicefs', { metadataUrl: urlOf(await redis()), bucket: await bucket() });
      expect(await findings(id)).toEqual([]);
    });

    it('is found out where the bucket is open, not encrypted or in another region', async () => {
      const name = await bucket();
      const { id } = await create('juicefs', { metadataUrl: urlOf('redis.example.internal'), bucket: name });
      await s3.send(new DeleteBucketEncryptionCommand({ Bucket: name }));
      const half = { ...GUARDED, BlockPublicPolicy: false, RestrictPublicBuckets: false };
      await s3.send(new PutPublicAccessBlockCommand({ Bucket: name, PublicAccessBlockConfiguration: half }));
      const found = await findings(id);
      expect(found.map(({ severity, code }) => [severity, code])).toEqual([
        ['error', 'storage-not-encrypted'],
        ['error', 'bucket-public'],
      ]);
      expect(found[1]!.message).toContain('blockPublicPolicy, restrictPublicBuckets are off');
      const elsewhere = { metadataUrl: urlOf('redis.example.internal'), bucket: name, region: 'us-west-2' };
      expect(await codes((await create('juicefs', elsewhere)).id)).toContain('bucket-elsewhere');
    });

    it('is found out where Redis does not encrypt in transit, or is not there', async () => {
      const open = await create('juicefs', { metadataUrl: urlOf(await redis(false)), bucket: await bucket() });
      expect(await codes(open.id)).toEqual(['metadata-not-encrypted']);
      const mistyped = urlOf('master.nowhere.abcdef.use1.cache.amazonaws.com');
      expect(await codes((await create('juicefs', { metadataUrl: mistyped, bucket: await bucket() })).id)).toEqual([
        'metadata-unknown',
      ]);
    });

    it('takes MemoryDB for Redis, and tells when its security group keeps hosts out', async () => {
      const [hosts, group] = [await network.securityGroup(), await network.securityGroup()];
      const { Cluster } = await memoryDb.send(
        new CreateClusterCommand({
          ClusterName: unique(),
          NodeType: 'db.t4g.small',
          ACLName: 'open-access',
          SecurityGroupIds: [group],
        }),
      );
      const metadataUrl = urlOf(Cluster!.ClusterEndpoint!.Address!);
      const { id } = await create('juicefs', { metadataUrl, bucket: await bucket() });
      expect(await findings(id)).toEqual([]);
      expect((await requirements(id)).cloudFormation).toContain('AWS::MemoryDB::Cluster');
      const [subnet] = network.subnets;
      expect((await reach(id, [subnet!], hosts)).map(({ message }) => message)).toEqual([
        expect.stringContaining('in at TCP 6379'),
      ]);
      await network.allow(group, [6379, 6379], hosts);
      expect(await reach(id, [subnet!], hosts)).toEqual([]);
    });

    it('asks for the permissions it uses on this bucket, not for all of S3', async () => {
      const name = await bucket();
      const { id } = await create('juicefs', { metadataUrl: urlOf(await redis()), bucket: name });
      const { iam } = await requirements(id);
      const host: { actions: string[]; resources: string[] }[] = iam.host;
      expect(host.flatMap(({ actions }) => actions)).toEqual(
        expect.arrayContaining(['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:ListBucket']),
      );
      expect(host.flatMap(({ actions }) => actions).join()).not.toContain('*');
      expect(host.every(({ resources }) => resources.every((each) => each.startsWith(`arn:aws:s3:::${name}`)))).toBe(
        true,
      );
    });

    it('is formatted once and mounted with a wait that ends, by a script without its password', async () => {
      const name = await bucket();
      const { id } = await create('juicefs', {
        metadataUrl: urlOf(await redis()),
        bucket: name,
        cacheSizeBytes: 102_400 * 1024 ** 2,
        compatibilityLink: true,
      });
      const text = await script(id);
      expect(text).toContain(`bucket='https://${name}.s3.us-east-1.amazonaws.com'`);
      expect(text).toContain('cache_mib=102400');
      expect(text).toContain('--trash-days 0');
      expect(text).toContain(`*'not formatted'*)`);
      expect(text).toMatch(/attempts=24/);
      expect(text).not.toMatch(/hunter2|curl .*\| *sh|\brm -/);
    });
  });

  describe('AWS FSx for Lustre', () => {
    const client = new FSxClient({ region: REGION });
    afterAll(() => client.destroy());
    const lustre = async (
      LustreConfiguration: object = {
        DeploymentType: 'PERSISTENT_2',
        PerUnitStorageThroughput: 250,
        MountName: 'abcdefgh',
      },
      type: 'LUSTRE' | 'WINDOWS' = 'LUSTRE',
    ): Promise<string> => {
      const { FileSystem } = await client.send(
        new CreateFsxCommand({
          FileSystemType: type,
          StorageCapacity: 2400,
          StorageType: 'SSD',
          SubnetIds: [network.subnets[0]!.id],
          LustreConfiguration,
        } as never),
      );
      return FileSystem!.FileSystemId!;
    };

    it('is a file system of that type, under the mount name FSx gave it', async () => {
      expect((await refusal('fsx-lustre', { fileSystemId: 'fs-01234567', mountName: 'fsx' }))[0].detail).toBe(
        'There is no FSx file system fs-01234567 in us-east-1.',
      );
      const windows = await lustre({}, 'WINDOWS');
      expect((await refusal('fsx-lustre', { fileSystemId: windows, mountName: 'fsx' }))[0].detail).toContain(
        'of type WINDOWS, not LUSTRE',
      );
    });

    it('is mounted by its name, with relatime and flock, once the network is there', async () => {
      const fileSystemId = await lustre();
      const { id } = await create('fsx-lustre', { fileSystemId, mountName: 'abcdefgh' });
      const text = await script(id);
      expect(text).toContain(`source='${fileSystemId}.fsx.us-east-1.amazonaws.com@tcp:/abcdefgh'`);
      expect(text).toContain("options='relatime,flock,_netdev,nofail'");
      expect(text).toContain('dnf -q -y install lustre-client');
    });

    it('says its throughput, from deployment type and size', async () => {
      const persistent = await create('fsx-lustre', { fileSystemId: await lustre(), mountName: 'abcdefgh' });
      // 250 MB a second for each TiB of 2400 GiB.
      expect(persistent.economics).toMatchObject({ throughput: { writeMibPerSecond: 558, readMibPerSecond: 558 } });
      const scratch = await lustre({ DeploymentType: 'SCRATCH_2' });
      const { id, economics } = await create('fsx-lustre', { fileSystemId: scratch, mountName: 'abcdefgh' });
      expect(economics).toMatchObject({ throughput: { writeMibPerSecond: 223, readMibPerSecond: 447 } });
      expect(await codes(id)).toEqual(['storage-not-replicated']);
    });

    it('lets the hosts in at 988 and 1018 to 1023', async () => {
      const subnet = network.subnets[0]!;
      const [hosts, group] = [await network.securityGroup(), await network.securityGroup()];
      const fileSystemId = await lustre();
      fsx.details.set(fileSystemId, {
        Lifecycle: 'AVAILABLE',
        VpcId: network.vpcId,
        NetworkInterfaceIds: [await network.networkInterface(subnet, [group])],
      });
      const { id } = await create('fsx-lustre', { fileSystemId, mountName: 'abcdefgh' });
      expect(await findings(id)).toEqual([]);
      expect((await reach(id, [subnet], hosts)).map(({ message }) => message)).toEqual([
        expect.stringContaining('in at TCP 988 and 1018-1023.'),
      ]);
      await network.allow(group, [988, 988], hosts);
      await network.allow(group, [1018, 1020], hosts);
      expect((await reach(id, [subnet], hosts))[0]!.message).toContain('in at TCP 1018-1023.');
      await network.allow(group, [1021, 1023], hosts);
      expect(await reach(id, [subnet], hosts)).toEqual([]);
    });

    it('is found out where it is not available', async () => {
      const fileSystemId = await lustre();
      const { id } = await create('fsx-lustre', { fileSystemId, mountName: 'abcdefgh' });
      fsx.details.set(fileSystemId, { Lifecycle: 'FAILED', VpcId: network.vpcId, NetworkInterfaceIds: [] });
      expect(await codes(id)).toEqual(['storage-not-available']);
    });
  });

  describe('asked of AWS without the permission', () => {
    const efs = new EFSClient({ region: REGION });
    afterAll(() => efs.destroy());

    it('is set up not at all, with the action named; its findings say what could not be checked', async () => {
      const { FileSystemId: fileSystemId } = await efs.send(
        new CreateFileSystemCommand({ CreationToken: unique(), Encrypted: true }),
      );
      const { id } = await create('efs', { fileSystemId });
      await moto.enforceIam();
      try {
        const [finding] = await findings(id);
        expect(finding).toMatchObject({ severity: 'warning', code: 'storage-unchecked' });
        expect(finding!.message).toContain('elasticfilesystem:DescribeFileSystems');
        expect((await reach(id, network.subnets.slice(0, 1)))[0]).toMatchObject({ code: 'storage-unchecked' });
        const { body } = await setUp('efs', { fileSystemId }).expect(502);
        expect(body.code).toMatch(/^aws-/);
      } finally {
        await moto.allowAll();
      }
    });
  });
});
