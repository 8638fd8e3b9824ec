/** A Redis or Valkey cluster of ElastiCache or MemoryDB, as far as a client that connects to it cares. */
export interface CacheCluster {
  /** Replication group, cache cluster or MemoryDB cluster. */
  name: string;
  status: string;
  /** Encryption in transit. */
  tls: boolean;
  /** Host names clients connect to, in lower case. */
  endpoints: string[];
  securityGroupIds: string[];
}

/** Whose endpoint `host` is. */
export function clusterAt(clusters: readonly CacheCluster[], host: string): CacheCluster | null {
  return clusters.find((cluster) => cluster.endpoints.includes(host.toLowerCase())) ?? null;
}
