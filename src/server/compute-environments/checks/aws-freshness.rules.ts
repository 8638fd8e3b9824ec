import type { EnvironmentFinding } from '../environment-finding.js';

/** Three looks in a row (`environment-sync.service.ts` looks every five minutes, with jitter) did not come about. */
export const STALE_AFTER_MS = 20 * 60_000;

/** Whether what is known of an environment in AWS is still known. */
export function freshnessFindings(
  { syncedAt, syncFailure }: { syncedAt: Date | null; syncFailure: string | null },
  now: Date,
): EnvironmentFinding[] {
  const ageMs = syncedAt === null ? Infinity : now.getTime() - syncedAt.getTime();
  if (syncFailure === null && ageMs < STALE_AFTER_MS) return [];
  const last = syncedAt === null ? 'AWS has not been read yet' : `AWS was last read at ${syncedAt.toISOString()}`;
  return [
    {
      severity: 'warning',
      code: 'aws-sync-stale',
      message: syncFailure === null ? `${last}.` : `${last}, and the last try failed: ${syncFailure}`,
      why: 'The other findings speak of what was true then.',
      remedy:
        syncFailure === null
          ? 'Read it now with POST /api/v1/compute-environments/{id}/sync, and see in the log of the server why its background tasks do not run.'
          : 'Mend the cause, then read it again with POST /api/v1/compute-environments/{id}/sync; unregister the environment if it is gone for good.',
    },
  ];
}
