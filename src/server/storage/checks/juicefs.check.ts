import { Injectable } from '@nestjs/common';
import type { AwsAccess } from '../../aws/aws-access.js';
import type { CacheCluster } from '../../aws/cache-cluster.js';
import { ElastiCacheApi } from '../../aws/elasticache.api.js';
import { MemoryDbApi } from '../../aws/memorydb.api.js';
import { type PublicAccessBlock, S3Api } from '../../aws/s3.api.js';
import { juicefsDriver } from '../drivers/juicefs.driver.js';
import type { JuicefsPublicSettings } from '../dto/juicefs-settings.dto.js';
import type { StorageFinding } from '../storage-finding.js';
import { NetworkPaths } from './network-paths.js';
import type { HostsNetwork, StorageCheck, StorageInspection } from './storage-check.js';

@Injectable()
export class JuicefsCheck implements StorageCheck<JuicefsPublicSettings> {
  readonly kind = 'juicefs';

  constructor(
    private readonly s3: S3Api,
    private readonly elastiCache: ElastiCacheApi,
    private readonly memoryDb: MemoryDbApi,
    private readonly paths: NetworkPaths,
  ) {}

  async inspect(settings: JuicefsPublicSettings, access: AwsAccess): Promise<StorageInspection> {
    const { bucket } = settings;
    const region = await this.s3.bucketRegion(access, bucket);
    if (region === null)
      return { missing: { field: 'bucket', detail: `There is no S3 bucket ${bucket}` }, facts: null, findings: [] };
    const host = hostOf(settings);
    const [encryption, block, cluster] = await Promise.all([
      this.s3.bucketEncryption(access, bucket),
      this.s3.publicAccessBlock(access, bucket),
      this.metadataEngine(access, host),
    ]);
    const findings = [
      ...bucketFindings({ bucket, region, expected: access.region, encryption, block }),
      ...metadataFindings(host, isAws(host), cluster),
    ];
    return { missing: null, facts: null, findings };
  }

  async reachability(
    settings: JuicefsPublicSettings,
    access: AwsAccess,
    hosts: HostsNetwork,
  ): Promise<StorageFinding[]> {
    const cluster = await this.metadataEngine(access, hostOf(settings));
    if (cluster === null) return [];
    const { ports } = juicefsDriver.requirements(settings);
    const storage = `the metadata engine ${cluster.name}`;
    return this.paths.blocked(storage, ports, { access, groupIds: cluster.securityGroupIds }, hosts);
  }

  private async metadataEngine(access: AwsAccess, host: string): Promise<CacheCluster | null> {
    if (MEMORYDB.test(host)) return this.memoryDb.clusterAt(access, host);
    if (ELASTICACHE.test(host)) return this.elastiCache.clusterAt(access, host);
    return null;
  }
}

const MEMORYDB = /\.memorydb\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/i;
const ELASTICACHE = /\.cache\.amazonaws\.com(\.cn)?$/i;
/** Serverless caches always speak TLS, and are not among clusters. */
const SERVERLESS = /\.serverless\.[a-z0-9]+\.cache\.amazonaws\.com(\.cn)?$/i;

function isAws(host: string): boolean {
  return (MEMORYDB.test(host) || ELASTICACHE.test(host)) && !SERVERLESS.test(host);
}

function hostOf({ metadataAddress }: JuicefsPublicSettings): string {
  return new URL(`rediss://${metadataAddress}`).hostname;
}

export function bucketFindings(facts: {
  bucket: string;
  region: string;
  expected: string;
  encryption: string | null;
  block: PublicAccessBlock;
}): StorageFinding[] {
  const { bucket, region, expected, encryption, block } = facts;
  const found: StorageFinding[] = [];
  if (region !== expected) {
    found.push({
      severity: 'error',
      code: 'bucket-elsewhere',
      message: `The bucket ${bucket} is in ${region}, not in ${expected}.`,
      why: 'Every checkpoint would cross regions: slow, and paid for by the GB. JuiceFS is given the address of the region named.',
      remedy: `Set region to ${region} where the hosts are there too; otherwise make a bucket in ${expected}.`,
    });
  }
  if (encryption === null) {
    found.push({
      severity: 'error',
      code: 'storage-not-encrypted',
      message: `The bucket ${bucket} has no default encryption.`,
      why: 'Checkpoints hold the whole memory of jobs, secrets included.',
      remedy: 'Set default encryption of the bucket (SSE-S3 or SSE-KMS).',
    });
  }
  const open = Object.entries(block)
    .filter(([, on]) => !on)
    .map(([name]) => name);
  if (open.length > 0) {
    found.push({
      severity: 'error',
      code: 'bucket-public',
      message: `The bucket ${bucket} does not block public access: ${open.join(', ')} ${open.length === 1 ? 'is' : 'are'} off.`,
      why: 'One wrong policy or ACL makes the memory of every job public.',
      remedy: 'Turn on all four settings of Block Public Access for the bucket.',
    });
  }
  return found;
}

export function metadataFindings(host: string, ofAws: boolean, cluster: CacheCluster | null): StorageFinding[] {
  if (cluster === null) {
    if (!ofAws) return [];
    return [
      {
        severity: 'warning',
        code: 'metadata-unknown',
        message: `No cluster of ElastiCache or MemoryDB in this account and region has the endpoint ${host}.`,
        why: 'If the name is mistyped no host mounts the storage; if it is of another account nothing can be said of it.',
        remedy: "Compare metadataUrl with the cluster's endpoint, and region and roleArn with where the cluster is.",
      },
    ];
  }
  const found: StorageFinding[] = [];
  if (!cluster.tls) {
    found.push({
      severity: 'error',
      code: 'metadata-not-encrypted',
      message: `The metadata engine ${cluster.name} (${host}) does not encrypt in transit.`,
      why: 'metadataUrl asks for TLS, so no host can connect; without TLS the password would cross the network in the clear.',
      remedy: 'Make the cluster with encryption in transit, or turn it on where its engine version allows.',
    });
  }
  if (!['available', 'modifying', 'updating', 'snapshotting'].includes(cluster.status.toLowerCase())) {
    found.push({
      severity: 'error',
      code: 'metadata-not-available',
      message: `The metadata engine ${cluster.name} is ${cluster.status}.`,
      why: 'Without it the file system cannot be read or written.',
      remedy: 'Wait until it is available.',
    });
  }
  return found;
}
