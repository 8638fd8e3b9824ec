import { CreateFileSystemCommand, FSxClient } from '@aws-sdk/client-fsx';
import { CreateBucketCommand, PutPublicAccessBlockCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/requires.js';
import { REGION, StoragesInAws } from '../support/storages-in-aws.js';

const GIB = 1024 ** 3;

describeNeeding(['moto'], 'Storing user scratch data', () => {
  let aws: StoragesInAws;
  beforeAll(async () => {
    aws = await StoragesInAws.start();
  });
  afterAll(() => aws.close());

  describe('EBS', () => {
    const ebs = (settings: object) =>
      aws.server.api('post', '/storages').send({ kind: 'ebs', name: aws.unique(), mountPath: '/scratch', settings });

    it('is a volume of a host: scratch, and no place for checkpoints', async () => {
      const { body } = await ebs({ sizeBytes: 100 * GIB }).expect(201);
      expect(body).toMatchObject({ purposes: ['scratch'], status: { state: 'host-only' } });
      const refused = await aws.server
        .api('post', '/compute-environments')
        .send({ name: 'spot', storageId: body.id })
        .expect(400);
      expect(refused.body.errors).toEqual([expect.objectContaining({ pointer: '/storageId', code: 'wrong-purpose' })]);
      expect(await aws.findings(body.id)).toEqual([]);
    });

    it('that the launch template attaches and the script mounts, with a file system made only on a blank one', async () => {
      const { body } = await ebs({ sizeBytes: 100 * GIB, deviceName: '/dev/sdg', fileSystem: 'xfs' }).expect(201);
      const text = await aws.script(body.id);
      expect(text).toContain("wanted=${1:-'/dev/sdg'}");
      expect(text.indexOf('blkid -p')).toBeLessThan(text.indexOf('mkfs.xfs'));
      expect(text).toContain('UUID=$uuid $target auto defaults,nofail 0 2');
    });

    it('of a type, size and rate that EC2 sells, with the throughput that comes of them', async () => {
      const provisioned = { sizeBytes: 500 * GIB, iops: 6000, throughputMibPerSecond: 1000 };
      const { body } = await ebs(provisioned).expect(201);
      expect(body.economics).toMatchObject({
        throughput: { writeMibPerSecond: 1000, source: expect.stringContaining('docs.aws.amazon.com/ebs') },
        cost: {
          perGibMonth: '0.08',
          currency: 'USD',
          region: 'us-east-1',
          source: 'https://aws.amazon.com/ebs/pricing/',
        },
      });
      await ebs({ ...provisioned, volumeType: 'st1' }).expect(400);
    });

    it('needs no permission of AWS', async () => {
      const { body } = await ebs({ sizeBytes: 100 * GIB }).expect(201);
      expect(await aws.requirements(body.id)).toMatchObject({
        iam: { server: [], host: [] },
        cloudFormation: ['AWS::EC2::LaunchTemplate'],
      });
    });
  });

  describe('JuiceFS with AWS S3', () => {
    const s3 = new S3Client({ region: REGION, forcePathStyle: true });
    afterAll(() => s3.destroy());

    it('is the same storage as for checkpoints, beside them', async () => {
      const Bucket = `scratch-${process.pid}`;
      await s3.send(new CreateBucketCommand({ Bucket }));
      const guards = { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true };
      const PublicAccessBlockConfiguration = { ...guards, RestrictPublicBuckets: true };
      await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
      const settings = {
        metadataUrl: 'rediss://:hunter2@redis.internal:6379/2',
        bucket: Bucket,
        volumeName: 'scratch',
      };
      const storage = await aws.create('juicefs', settings);
      expect(storage.purposes).toEqual(['checkpoint', 'scratch']);
      expect(await aws.script(storage.id)).toContain("volume='scratch'");
      expect(await aws.codes(storage.id)).not.toContain('bucket-public');
    });
  });

  describe('AWS FSx for Lustre', () => {
    const client = new FSxClient({ region: REGION });
    afterAll(() => client.destroy());

    it('may be of a scratch type, which keeps one copy of everything', async () => {
      const { FileSystem } = await client.send(
        new CreateFileSystemCommand({
          FileSystemType: 'LUSTRE',
          StorageCapacity: 1200,
          SubnetIds: [aws.network.subnets[0]!.id],
          LustreConfiguration: { DeploymentType: 'SCRATCH_2' },
        }),
      );
      const storage = await aws.create('fsx-lustre', { fileSystemId: FileSystem!.FileSystemId!, mountName: 'fsx' });
      expect(storage.purposes).toEqual(['checkpoint', 'scratch']);
      const [finding] = await aws.findings(storage.id);
      expect(finding).toMatchObject({ severity: 'warning', code: 'storage-not-replicated' });
      expect(JSON.stringify(finding)).toContain('For scratch data that is fine');
    });
  });
});
