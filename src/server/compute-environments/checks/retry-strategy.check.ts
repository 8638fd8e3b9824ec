import { Injectable } from '@nestjs/common';
import { BatchApi, type BatchRetries } from '../../aws/batch.api.js';
import type { CheckedEnvironment, EnvironmentCheck } from '../environment-check.js';
import type { EnvironmentFinding } from '../environment-finding.js';
import { retryFindings } from './retry.rules.js';

/** AWS Batch forgets jobs a week after they end (user guide, "Jobs"). */
const RECENT_MS = 7 * 24 * 3_600_000;
/** Over all queues; each costs two calls. */
const JOBS_LOOKED_AT = 100;
const QUEUES_LOOKED_AT = 5;
const DEFINITIONS_LOOKED_AT = 100;

/**
 * Whether Batch will retry what Spot takes away: of the newest jobs in the queues, at most a hundred of the last week. Where there is none,
 * of the newest revisions of the region's active job definitions, at most a hundred, since Batch does not say which environment a definition is for.
 */
@Injectable()
export class RetryStrategyCheck implements EnvironmentCheck {
  readonly subject = 'the retry strategies of its jobs';

  constructor(private readonly batch: BatchApi) {}

  async findings({ access, aws }: CheckedEnvironment): Promise<EnvironmentFinding[]> {
    if (access === null || aws === null || aws.jobQueues.length === 0) return [];
    const since = new Date(Date.now() - RECENT_MS);
    const queues = aws.jobQueues.slice(0, QUEUES_LOOKED_AT);
    const each = Math.floor(JOBS_LOOKED_AT / queues.length);
    const recent: BatchRetries[] = [];
    for (const queue of queues) recent.push(...(await this.batch.recentRetries(access, queue.arn, since, each)));
    if (recent.length > 0) return retryFindings(recent, 'jobs');
    return retryFindings(
      newestRevisions(await this.batch.definedRetries(access, DEFINITIONS_LOOKED_AT)),
      'definitions',
    );
  }
}

/** Registering a definition again leaves its earlier revisions active; jobs that name none get the newest. */
function newestRevisions(definitions: readonly BatchRetries[]): BatchRetries[] {
  const parts = definitions.map((definition) => {
    const colon = definition.jobDefinitionArn.lastIndexOf(':');
    const [name, revision] = [
      definition.jobDefinitionArn.slice(0, colon),
      definition.jobDefinitionArn.slice(colon + 1),
    ];
    return { name, revision: Number(revision), definition };
  });
  return [...Map.groupBy(parts, ({ name }) => name).values()].map(
    (revisions) => revisions.reduce((a, b) => (b.revision > a.revision ? b : a)).definition,
  );
}
