import {
  CreateAccessPointCommand,
  CreateFileSystemCommand,
  CreateMountTargetCommand,
  EFSClient,
} from '@aws-sdk/client-efs';
import { CreateFileSystemCommand as CreateFsxCommand, FSxClient } from '@aws-sdk/client-fsx';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestSubnet } from '../support/aws-network.js';
import { describeNeeding } from '../support/requires.js';
import { REGION, StoragesInAws } from '../support/storages-in-aws.js';

describeNeeding(['moto'], 'Storing checkpoint data', () => {
  let aws: StoragesInAws;
  beforeAll(async () => {
    aws = await StoragesInAws.start();
  });
  afterAll(() => aws.close());

  describe('AWS EFS', () => {
    const efs = new EFSClient({ region: REGION });
    afterAll(() => efs.destroy());
    const fileSystem = async (options: object = { Encrypted: true, ThroughputMode: 'elastic' }): Promise<string> =>
      (await efs.send(new CreateFileSystemCommand({ CreationToken: aws.unique(), ...options }))).FileSystemId!;
    const mountTarget = (FileSystemId: string, subnet: TestSubnet, group: string) =>
      efs.send(new CreateMountTargetCommand({ FileSystemId, SubnetId: subnet.id, SecurityGroups: [group] }));

    it('is a file system that exists: one that does not is refused, by a dry run too', async () => {
      expect(await aws.refusal('efs', { fileSystemId: 'fs-0123456789abcdef0' })).toEqual([
        {
          pointer: '/settings/fileSystemId',
          code: 'not-found',
          detail: 'There is no EFS file system fs-0123456789abcdef0 in us-east-1.',
        },
      ]);
      const elsewhere = { fileSystemId: await fileSystem(), region: 'eu-west-1' };
      expect((await aws.refusal('efs', elsewhere))[0]?.detail).toContain('in eu-west-1');
    });

    it('through an access point, if it is one of that file system', async () => {
      const [one, other] = [await fileSystem(), await fileSystem()];
      const { AccessPointId: accessPointId } = await efs.send(
        new CreateAccessPointCommand({ FileSystemId: one, ClientToken: aws.unique() }),
      );
      const { id } = await aws.create('efs', { fileSystemId: one, accessPointId });
      expect(await aws.script(id)).toContain(`accesspoint=${accessPointId}`);
      expect((await aws.requirements(id)).cloudFormation).toContain('AWS::EFS::AccessPoint');
      expect(await aws.refusal('efs', { fileSystemId: other, accessPointId })).toEqual([
        { pointer: '/settings/accessPointId', code: 'not-found', detail: expect.stringContaining(`it is of ${one}`) },
      ]);
      const unknown = 'fsap-0123456789abcdef0';
      expect((await aws.refusal('efs', { fileSystemId: one, accessPointId: unknown }))[0]?.detail).toContain(
        `There is no EFS access point ${unknown} in us-east-1`,
      );
    });

    it('is mounted over TLS, at every boot once the network is there', async () => {
      const fileSystemId = await fileSystem();
      const { id } = await aws.create('efs', { fileSystemId });
      const text = await aws.script(id);
      expect(text).toContain('mkdir -p "$target"');
      expect(text).toContain("type='efs'");
      expect(text).toContain(`line="$source $target $type _netdev,nofail,tls,region=us-east-1 0 0"`);
      expect(text).toContain('amazon-efs-utils');
    });

    it('says how fast it can be and what it costs', async () => {
      const { economics } = await aws.create('efs', { fileSystemId: await fileSystem() });
      expect(economics).toMatchObject({
        throughput: { writeMibPerSecond: 5120, readMibPerSecond: 61_440, source: expect.stringContaining('docs.aws') },
        cost: { perGibMonth: '0.30', currency: 'USD', region: REGION, source: 'https://aws.amazon.com/efs/pricing/' },
      });
      const provisioned = { ThroughputMode: 'provisioned', ProvisionedThroughputInMibps: 128 };
      const slower = await aws.create('efs', { fileSystemId: await fileSystem(provisioned) });
      expect(slower.economics).toMatchObject({ throughput: { writeMibPerSecond: 128, readMibPerSecond: 384 } });
      const bursting = await aws.create('efs', { fileSystemId: await fileSystem({}) });
      expect(bursting.economics).toMatchObject({ throughput: { writeMibPerSecond: null } });
      const inOneZone = { ThroughputMode: 'elastic', AvailabilityZoneName: 'us-east-1a' };
      const oneZone = await aws.create('efs', { fileSystemId: await fileSystem(inOneZone) });
      expect(oneZone.economics).toMatchObject({
        throughput: { writeMibPerSecond: 1024, readMibPerSecond: 3072 },
        cost: { perGibMonth: null },
      });
    });

    it('has findings where it is not as it should be', async () => {
      expect(await aws.codes((await aws.create('efs', { fileSystemId: await fileSystem() })).id)).toEqual([]);
      const oneZone = await fileSystem({ Encrypted: false, AvailabilityZoneName: 'us-east-1a' });
      expect(await aws.codes((await aws.create('efs', { fileSystemId: oneZone })).id)).toEqual([
        'storage-not-encrypted',
        'storage-single-zone',
      ]);
    });

    it('has a mount target in the zone of each subnet, and lets the hosts in at 2049', async () => {
      const [first, second] = aws.network.subnets as [TestSubnet, TestSubnet];
      const [hosts, storage] = [await aws.network.securityGroup(), await aws.network.securityGroup()];
      const fileSystemId = await fileSystem();
      const { id } = await aws.create('efs', { fileSystemId });
      expect((await aws.requirements(id)).ports).toEqual([{ from: 2049, to: 2049, purpose: 'NFS' }]);

      expect((await aws.reach(id, [first], hosts)).map(({ code }) => code)).toEqual(['mount-target-missing']);
      await mountTarget(fileSystemId, first, storage);
      const [missing, blocked] = await aws.reach(id, [first, second], hosts);
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
      await aws.network.allow(storage, [2049, 2049], hosts);
      await mountTarget(fileSystemId, second, storage);
      expect(await aws.reach(id, [first, second], hosts)).toEqual([]);
    });

    it('is reached too where a rule names addresses instead of a group, and not where hosts may not go out', async () => {
      const subnet = aws.network.subnets[0]!;
      const [hosts, storage] = [await aws.network.securityGroup(), await aws.network.securityGroup()];
      const fileSystemId = await fileSystem();
      await mountTarget(fileSystemId, subnet, storage);
      const { id } = await aws.create('efs', { fileSystemId });
      await aws.network.allow(storage, [0, 65_535], '10.99.0.0/16');
      expect((await aws.reach(id, [subnet], hosts)).map(({ code }) => code)).toEqual(['port-blocked']);
      await aws.network.allow(storage, [2000, 3000], subnet.cidr);
      expect(await aws.reach(id, [subnet], hosts)).toEqual([]);
      await aws.network.shut(hosts);
      expect(await aws.reach(id, [subnet], hosts)).toEqual([
        expect.objectContaining({ message: expect.stringContaining('do not let them out') }),
      ]);
    });

    it('names a VPC that is not that of the hosts', async () => {
      const subnet = aws.network.subnets[0]!;
      const fileSystemId = await fileSystem();
      await mountTarget(fileSystemId, subnet, await aws.network.securityGroup());
      const { id } = await aws.create('efs', { fileSystemId });
      const stranger = { ...subnet, id: 'subnet-0000', vpcId: 'vpc-0000', availabilityZone: 'us-east-1f' };
      expect((await aws.reach(id, [stranger])).map(({ code }) => code)).toEqual(['different-vpc']);
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
          SubnetIds: [aws.network.subnets[0]!.id],
          LustreConfiguration,
        } as never),
      );
      return FileSystem!.FileSystemId!;
    };

    it('is a file system of that type, under the mount name FSx gave it', async () => {
      expect((await aws.refusal('fsx-lustre', { fileSystemId: 'fs-01234567', mountName: 'fsx' }))[0]?.detail).toBe(
        'There is no FSx file system fs-01234567 in us-east-1.',
      );
      const windows = await lustre({}, 'WINDOWS');
      expect((await aws.refusal('fsx-lustre', { fileSystemId: windows, mountName: 'fsx' }))[0]?.detail).toContain(
        'of type WINDOWS, not LUSTRE',
      );
    });

    it('is mounted by its name, with relatime and flock, once the network is there', async () => {
      const fileSystemId = await lustre();
      const { id } = await aws.create('fsx-lustre', { fileSystemId, mountName: 'abcdefgh' });
      const text = await aws.script(id);
      expect(text).toContain(`source='${fileSystemId}.fsx.us-east-1.amazonaws.com@tcp:/abcdefgh'`);
      expect(text).toContain("options='relatime,flock,_netdev,nofail'");
      expect(text).toContain('dnf -q -y install lustre-client');
    });

    it('says its throughput, from deployment type and size', async () => {
      const persistent = await aws.create('fsx-lustre', { fileSystemId: await lustre(), mountName: 'abcdefgh' });
      // 250 MB a second for each TiB of 2400 GiB.
      expect(persistent.economics).toMatchObject({ throughput: { writeMibPerSecond: 558, readMibPerSecond: 558 } });
      const scratch = await lustre({ DeploymentType: 'SCRATCH_2' });
      const { id, economics } = await aws.create('fsx-lustre', { fileSystemId: scratch, mountName: 'abcdefgh' });
      expect(economics).toMatchObject({
        throughput: { writeMibPerSecond: 223, readMibPerSecond: 447 },
        cost: { perGibMonth: '0.140', source: 'https://aws.amazon.com/fsx/lustre/pricing/' },
      });
      expect(await aws.codes(id)).toEqual(['storage-not-replicated']);
      const first = await lustre({ DeploymentType: 'SCRATCH_1' });
      const unknown = await aws.create('fsx-lustre', { fileSystemId: first, mountName: 'abcdefgh' });
      expect(unknown.economics).toMatchObject({ throughput: { writeMibPerSecond: null } });
    });

    it('lets the hosts in at 988 and 1018 to 1023', async () => {
      const subnet = aws.network.subnets[0]!;
      const [hosts, group] = [await aws.network.securityGroup(), await aws.network.securityGroup()];
      const fileSystemId = await lustre();
      aws.fsx.details.set(fileSystemId, {
        Lifecycle: 'AVAILABLE',
        VpcId: aws.network.vpcId,
        NetworkInterfaceIds: [await aws.network.networkInterface(subnet, [group])],
      });
      const { id } = await aws.create('fsx-lustre', { fileSystemId, mountName: 'abcdefgh' });
      expect(await aws.findings(id)).toEqual([]);
      expect((await aws.reach(id, [subnet], hosts)).map(({ message }) => message)).toEqual([
        expect.stringContaining('in at TCP 988 and 1018-1023.'),
      ]);
      await aws.network.allow(group, [988, 988], hosts);
      await aws.network.allow(group, [1018, 1020], hosts);
      expect((await aws.reach(id, [subnet], hosts))[0]!.message).toContain('in at TCP 1018-1023.');
      await aws.network.allow(group, [1021, 1023], hosts);
      expect(await aws.reach(id, [subnet], hosts)).toEqual([]);
    });

    it('is found out where it is not available', async () => {
      const fileSystemId = await lustre();
      const { id } = await aws.create('fsx-lustre', { fileSystemId, mountName: 'abcdefgh' });
      aws.fsx.details.set(fileSystemId, { Lifecycle: 'FAILED', VpcId: aws.network.vpcId, NetworkInterfaceIds: [] });
      expect(await aws.codes(id)).toEqual(['storage-not-available']);
    });
  });

  describe('asked of AWS without the permission', () => {
    const efs = new EFSClient({ region: REGION });
    afterAll(() => efs.destroy());

    it('is set up not at all, with the action named; its findings say what could not be checked', async () => {
      const { FileSystemId: fileSystemId } = await efs.send(
        new CreateFileSystemCommand({ CreationToken: aws.unique(), Encrypted: true }),
      );
      const { id } = await aws.create('efs', { fileSystemId });
      await aws.moto.enforceIam();
      try {
        const [finding] = await aws.findings(id);
        expect(finding).toMatchObject({ severity: 'warning', code: 'storage-unchecked' });
        expect(finding!.message).toContain('elasticfilesystem:DescribeFileSystems');
        expect((await aws.reach(id, aws.network.subnets.slice(0, 1)))[0]).toMatchObject({ code: 'storage-unchecked' });
        const { body } = await aws.setUp('efs', { fileSystemId }).expect(502);
        expect(body.code).toMatch(/^aws-/);
      } finally {
        await aws.moto.allowAll();
      }
    });
  });
});
