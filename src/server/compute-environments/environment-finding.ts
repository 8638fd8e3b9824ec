export const ENVIRONMENT_FINDING_CODES = [
  'no-storage',
  'storage-driver-unavailable',
  'storage-unverified',
  'storage-sharing-unproven',
  'storage-not-shared',
  'storage-failed',
  'no-hosts-online',
  'checkpointing-off',
  'checkpointing-manual',
  'interval-shorter-than-notice',
  'single-checkpoint-kept',
  'no-instance-types',
  'mixed-architectures',
  'mixed-instance-families',
  'instance-type-not-allowed',
  'host-storage-not-ready',
  'host-check-failed',
  'image-not-portable',
] as const;
export type EnvironmentFindingCode = (typeof ENVIRONMENT_FINDING_CODES)[number];

/** `error`: jobs are not protected, or cannot restore. `warning`: some will not be, or less well. `info`: worth knowing. */
export const ENVIRONMENT_FINDING_SEVERITIES = ['error', 'warning', 'info'] as const;
export type EnvironmentFindingSeverity = (typeof ENVIRONMENT_FINDING_SEVERITIES)[number];

export interface EnvironmentFinding {
  severity: EnvironmentFindingSeverity;
  code: EnvironmentFindingCode;
  /** What was found, with names and numbers. */
  message: string;
  /** Why it matters. */
  why: string;
  /** What to do. */
  remedy: string;
}

/** `a, b and c`, at most eight. */
export function list(words: readonly string[]): string {
  if (words.length > 8) return `${words.slice(0, 8).join(', ')} and ${words.length - 8} more`;
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
