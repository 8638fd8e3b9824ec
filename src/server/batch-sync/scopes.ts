import type { AwsAccess } from '../aws/aws-access.js';
import type { LinkedEnvironment } from '../compute-environments/linked-environments.js';

/** What AWS counts calls by: an account in a region, such as `123456789012/us-east-1`. */
export interface SyncScope {
  key: string;
  /** By ARN. */
  queues: ReadonlyMap<string, ScopeQueue>;
}
export interface ScopeQueue {
  arn: string;
  access: AwsAccess;
  /** Those it serves, the first registered first: in that one's name it is asked. */
  environmentIds: string[];
}

/** `arn:aws:batch:<region>:<account>:job-queue/<name>` */
const QUEUE_ARN = /^arn:[^:]+:batch:([^:]+):(\d{12}):job-queue\/.+$/;

/** A queue that serves several environments is asked once. */
export function scopesOf(environments: readonly LinkedEnvironment[]): SyncScope[] {
  const scopes = new Map<string, Map<string, ScopeQueue>>();
  for (const { id, access, queueArns } of environments) {
    for (const arn of queueArns) {
      const [, region, account] = QUEUE_ARN.exec(arn) ?? [];
      if (region === undefined) continue;
      const key = `${account}/${region}`;
      const queues = scopes.get(key) ?? new Map<string, ScopeQueue>();
      scopes.set(key, queues);
      const queue = queues.get(arn) ?? { arn, access, environmentIds: [] };
      queues.set(arn, { ...queue, environmentIds: [...queue.environmentIds, id] });
    }
  }
  return [...scopes].map(([key, queues]) => ({ key, queues }));
}

export function accessKey({ region, roleArn, externalId }: AwsAccess): string {
  return JSON.stringify([region, roleArn, externalId]);
}
