import {
  CreateReplicationGroupCommand,
  ElastiCacheClient,
  DescribeReplicationGroupsCommand,
} from '@aws-sdk/client-elasticache';
import { CreateClusterCommand, MemoryDBClient } from '@aws-sdk/client-memorydb';
import {
  CreateBucketCommand,
  DeleteBucketEncryptionCommand,
  PutBucketEncryptionCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/requires.js';
import { REGION, StoragesInAws } from '../support/storages-in-aws.js';

describeNeeding(['moto'], 'Storing checkpoint data', () => {
  let aws: StoragesInAws;
  beforeAll(async () => {
    aws = await StoragesInAws.start();
  });
  afterAll(() => aws.close());

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
      const Bucket = `bucket-${process.pid}-${aws.unique()}`;
      await s3.send(new CreateBucketCommand({ Bucket }));
      const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } };
      await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }));
      await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: GUARDED }));
      return Bucket;
    };
    const redis = async (tls = true): Promise<string> => {
      const ReplicationGroupId = aws.unique();
      const settings = { ReplicationGroupDescription: 'metadata', TransitEncryptionEnabled: tls };
      await elastiCache.send(new CreateReplicationGroupCommand({ ReplicationGroupId, ...settings }));
      const { ReplicationGroups = [] } = await elastiCache.send(
        new DescribeReplicationGroupsCommand({ ReplicationGroupId }),
      );
      return ReplicationGroups[0]!.NodeGroups![0]!.PrimaryEndpoint!.Address!;
    };
    const urlOf = (host: string): string => `rediss://:hunter2@${host}:6379/1`;

    it('is a bucket that exists', async () => {
      expect(await aws.refusal('juicefs', { metadataUrl: urlOf('cache.internal'), bucket: 'nobody-has-this' })).toEqual(
        [{ pointer: '/settings/bucket', code: 'not-found', detail: 'There is no S3 bucket nobody-has-this.' }],
      );
    });

    it('encrypted, closed to the public, and beside a Redis that speaks TLS: nothing to find', async () => {
      const { id } = await aws.create('juicefs', { metadataUrl: urlOf(await redis()), bucket: await bucket() });
      expect(await aws.findings(id)).toEqual([]);
    });

    it('is found out where the bucket is open, not encrypted or in another region', async () => {
      const name = await bucket();
      const { id } = await aws.create('juicefs', { metadataUrl: urlOf('redis.example.internal'), bucket: name });
      await s3.send(new DeleteBucketEncryptionCommand({ Bucket: name }));
      const half = { ...GUARDED, BlockPublicPolicy: false, RestrictPublicBuckets: false };
      await s3.send(new PutPublicAccessBlockCommand({ Bucket: name, PublicAccessBlockConfiguration: half }));
      const found = await aws.findings(id);
      expect(found.map(({ severity, code }) => [severity, code])).toEqual([
        ['error', 'storage-not-encrypted'],
        ['error', 'bucket-public'],
      ]);
      expect(found[1]!.message).toContain('blockPublicPolicy, restrictPublicBuckets are off');
      const elsewhere = { metadataUrl: urlOf('redis.example.internal'), bucket: name, region: 'us-west-2' };
      expect(await aws.codes((await aws.create('juicefs', elsewhere)).id)).toContain('bucket-elsewhere');
    });

    it('is found out where Redis does not encrypt in transit, or is not there', async () => {
      const open = await aws.create('juicefs', { metadataUrl: urlOf(await redis(false)), bucket: await bucket() });
      expect(await aws.codes(open.id)).toEqual(['metadata-not-encrypted']);
      const mistyped = urlOf('master.nowhere.abcdef.use1.cache.amazonaws.com');
      expect(
        await aws.codes((await aws.create('juicefs', { metadataUrl: mistyped, bucket: await bucket() })).id),
      ).toEqual(['metadata-unknown']);
    });

    it('takes MemoryDB for Redis, and tells when its security group keeps hosts out', async () => {
      const [hosts, group] = [await aws.network.securityGroup(), await aws.network.securityGroup()];
      const { Cluster } = await memoryDb.send(
        new CreateClusterCommand({
          ClusterName: aws.unique(),
          NodeType: 'db.t4g.small',
          ACLName: 'open-access',
          SecurityGroupIds: [group],
        }),
      );
      const metadataUrl = urlOf(Cluster!.ClusterEndpoint!.Address!);
      const { id } = await aws.create('juicefs', { metadataUrl, bucket: await bucket() });
      expect(await aws.findings(id)).toEqual([]);
      expect((await aws.requirements(id)).cloudFormation).toContain('AWS::MemoryDB::Cluster');
      const [subnet] = aws.network.subnets;
      expect((await aws.reach(id, [subnet!], hosts)).map(({ message }) => message)).toEqual([
        expect.stringContaining('in at TCP 6379'),
      ]);
      await aws.network.allow(group, [6379, 6379], hosts);
      expect(await aws.reach(id, [subnet!], hosts)).toEqual([]);
    });

    it('asks for the permissions it uses on this bucket, not for all of S3', async () => {
      const name = await bucket();
      const { id } = await aws.create('juicefs', { metadataUrl: urlOf(await redis()), bucket: name });
      const { iam } = await aws.requirements(id);
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
      const { id } = await aws.create('juicefs', {
        metadataUrl: urlOf(await redis()),
        bucket: name,
        cacheSizeBytes: 102_400 * 1024 ** 2,
        compatibilityLink: true,
      });
      const text = await aws.script(id);
      expect(text).toContain(`bucket='https://${name}.s3.us-east-1.amazonaws.com'`);
      expect(text).toContain('cache_mib=102400');
      expect(text).toContain('--trash-days 0');
      expect(text).toContain(`*'not formatted'*)`);
      expect(text).toMatch(/attempts=24/);
      expect(text).not.toMatch(/hunter2|curl .*\| *sh|\brm -/);
    });
  });
});
