import { Injectable } from '@nestjs/common';
import {
  type CacheCluster as SdkCluster,
  ElastiCacheClient,
  paginateDescribeCacheClusters,
  paginateDescribeReplicationGroups,
} from '@aws-sdk/client-elasticache';
import type { AwsAccess } from './aws-access.js';
import { collectPages } from './aws-call.js';
import { AwsClients } from './aws-clients.js';
import { type CacheCluster, clusterAt } from './cache-cluster.js';

@Injectable()
export class ElastiCacheApi {
  constructor(private readonly clients: AwsClients) {}

  /** The replication group or single cluster that has this host name; null: none in this account and region. */
  async clusterAt(access: AwsAccess, host: string): Promise<CacheCluster | null> {
    const client = this.clients.get(ElastiCacheClient, access);
    const members = await collectPages(
      'elasticache:DescribeCacheClusters',
      paginateDescribeCacheClusters({ client }, { ShowCacheNodeInfo: true }),
      (page) => page.CacheClusters,
    );
    const single = clusterAt(members.map(toCluster), host);
    const groups = await collectPages(
      'elasticache:DescribeReplicationGroups',
      paginateDescribeReplicationGroups({ client }, {}),
      (page) => page.ReplicationGroups,
    );
    const group = clusterAt(
      groups.map((group) => ({
        name: group.ReplicationGroupId!,
        status: group.Status ?? 'unknown',
        tls: group.TransitEncryptionEnabled ?? false,
        endpoints: lower([
          group.ConfigurationEndpoint?.Address,
          ...(group.NodeGroups ?? []).flatMap((node) => [node.PrimaryEndpoint?.Address, node.ReaderEndpoint?.Address]),
        ]),
        securityGroupIds: securityGroupsOf(
          members.filter((member) => member.ReplicationGroupId === group.ReplicationGroupId),
        ),
      })),
      host,
    );
    return group ?? single;
  }
}

function toCluster(cluster: SdkCluster): CacheCluster {
  return {
    name: cluster.CacheClusterId!,
    status: cluster.CacheClusterStatus ?? 'unknown',
    tls: cluster.TransitEncryptionEnabled ?? false,
    endpoints: lower([
      cluster.ConfigurationEndpoint?.Address,
      ...(cluster.CacheNodes ?? []).map((node) => node.Endpoint?.Address),
    ]),
    securityGroupIds: securityGroupsOf([cluster]),
  };
}

function securityGroupsOf(clusters: readonly SdkCluster[]): string[] {
  const ids = clusters.flatMap(({ SecurityGroups }) => (SecurityGroups ?? []).map((group) => group.SecurityGroupId));
  return [...new Set(ids.filter((id) => id !== undefined))];
}

const lower = (names: (string | undefined)[]): string[] =>
  names.filter((name) => name !== undefined).map((name) => name.toLowerCase());
