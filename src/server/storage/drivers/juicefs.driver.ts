import { JuicefsSettings, type JuicefsPublicSettings } from '../dto/juicefs-settings.dto.js';
import { juicefsMountScript } from '../mount-scripts/juicefs-mount.script.js';
import type { SettingsProblem, StorageDriver } from '../storage-driver.js';
import { listPrice, unknownThroughput } from '../storage-economics.js';
import type { StorageRequirements } from '../storage-requirements.js';

function problems(settings: JuicefsSettings): SettingsProblem[] {
  return [...metadataProblems(settings), ...clientProblems(settings)];
}

function metadataProblems({ metadataUrl }: JuicefsSettings): SettingsProblem[] {
  const url = URL.parse(metadataUrl);
  if (url === null) return [{ field: 'metadataUrl', detail: 'metadataUrl must be a URL with a port from 1 to 65535' }];
  if (url.password === '') {
    return [
      {
        field: 'metadataUrl',
        detail:
          'metadataUrl must carry a password (rediss://:password@host:6379/1): whoever reaches the metadata owns the file system',
      },
    ];
  }
  return [];
}

/** A program that is fetched by root and run as root is proven first. */
function clientProblems({ clientVersion, clientSha256X86, clientSha256Arm }: JuicefsSettings): SettingsProblem[] {
  const digests = clientSha256X86 !== null || clientSha256Arm !== null;
  if (clientVersion !== null && !digests) {
    const detail = `clientVersion needs clientSha256X86 or clientSha256Arm, the digest of the archive of release ${clientVersion}, or nothing is installed`;
    return [{ field: 'clientVersion', detail }];
  }
  if (clientVersion === null && digests)
    return [{ field: 'clientVersion', detail: 'clientVersion must be given with a digest: of which release is it?' }];
  return [];
}

function publicSettings({ metadataUrl, ...rest }: JuicefsSettings): JuicefsPublicSettings {
  const url = new URL(metadataUrl);
  return {
    ...rest,
    metadataAddress: `${url.host}${url.pathname}`,
    metadataUser: url.username === '' ? null : url.username,
  };
}

function requirements({
  bucket,
  region,
  passwordSecretArn,
  metadataAddress,
}: JuicefsPublicSettings): StorageRequirements {
  const port = Number(new URL(`rediss://${metadataAddress}`).port || 6379);
  return {
    iam: {
      server: [
        {
          sid: 'CheckBucket',
          actions: [
            's3:ListBucket',
            's3:GetBucketLocation',
            's3:GetEncryptionConfiguration',
            's3:GetBucketPublicAccessBlock',
          ],
          resources: [`arn:aws:s3:::${bucket}`],
        },
        {
          sid: 'CheckMetadataEngine',
          actions: [
            'elasticache:DescribeReplicationGroups',
            'elasticache:DescribeCacheClusters',
            'memorydb:DescribeClusters',
            'ec2:DescribeSecurityGroups',
            'ec2:DescribeSubnets',
          ],
          resources: ['*'],
        },
      ],
      host: [
        {
          sid: 'UseBucket',
          actions: ['s3:ListBucket', 's3:GetBucketLocation', 's3:ListBucketMultipartUploads'],
          resources: [`arn:aws:s3:::${bucket}`],
        },
        {
          sid: 'UseObjects',
          actions: [
            's3:GetObject',
            's3:PutObject',
            's3:DeleteObject',
            's3:AbortMultipartUpload',
            's3:ListMultipartUploadParts',
          ],
          resources: [`arn:aws:s3:::${bucket}/*`],
        },
        ...(passwordSecretArn === null
          ? []
          : [{ sid: 'ReadPassword', actions: ['secretsmanager:GetSecretValue'], resources: [passwordSecretArn] }]),
      ],
    },
    cloudFormation: [
      'AWS::S3::Bucket',
      metadataAddress.includes('.memorydb.') ? 'AWS::MemoryDB::Cluster' : 'AWS::ElastiCache::ReplicationGroup',
      ...(passwordSecretArn === null ? [] : ['AWS::SecretsManager::Secret']),
      'AWS::EC2::SecurityGroup',
    ],
    ports: [{ from: port, to: port, purpose: `metadata engine${region === null ? '' : ` in ${region}`}` }],
  };
}

export const juicefsDriver: StorageDriver<JuicefsSettings, JuicefsPublicSettings> = {
  kind: 'juicefs',
  settingsType: JuicefsSettings,
  secretFields: ['metadataUrl'],
  purposes: ['checkpoint', 'scratch'],
  fileSystemTypes: ['fuse.juicefs'],
  problems,
  publicSettings,
  mountScript: ({ settings, ...storage }) => juicefsMountScript(storage, settings),
  requirements,
  economics: ({ region }) => ({
    throughput: unknownThroughput(
      "S3 scales with the prefixes in use; what limits a host is its own network. Measure: the checkpoints' times are in the API.",
    ),
    cost: listPrice(region, '0.023', {
      source: 'https://aws.amazon.com/s3/pricing/',
      asOf: '2026-11-26',
      note: 'List price of the first 50 TB in S3 Standard; requests, and the metadata engine by the hour, are paid besides.',
    }),
  }),
};
