import { Injectable } from '@nestjs/common';
import { MemoryDBClient, paginateDescribeClusters } from '@aws-sdk/client-memorydb';
import type { AwsAccess } from './aws-access.js';
import { collectPages } from './aws-call.js';
import { AwsClients } from './aws-clients.js';
import { type CacheCluster, clusterAt } from './cache-cluster.js';

@Injectable()
export class MemoryDbApi {
  constructor(private readonly clients: AwsClients) {}

  /** The cluster that has this host name; null: none in this account and region. */
  async clusterAt(access: AwsAccess, host: string): Promise<CacheCluster | null> {
    const client = this.clients.get(MemoryDBClient, access);
    const found = await collectPages(
      'memorydb:DescribeClusters',
      paginateDescribeClusters({ client }, { ShowShardDetails: true }),
      (page) => page.Clusters,
    );
    const clusters = found.map((cluster) => ({
      name: cluster.Name!,
      status: cluster.Status ?? 'unknown',
      tls: cluster.TLSEnabled ?? false,
      endpoints: [
        cluster.ClusterEndpoint?.Address,
        ...(cluster.Shards ?? []).flatMap((shard) => (shard.Nodes ?? []).map((node) => node.Endpoint?.Address)),
      ]
        .filter((name) => name !== undefined)
        .map((name) => name.toLowerCase()),
      securityGroupIds: (cluster.SecurityGroups ?? [])
        .map((group) => group.SecurityGroupId)
        .filter((id) => id !== undefined),
    }));
    return clusterAt(clusters, host);
  }
}
