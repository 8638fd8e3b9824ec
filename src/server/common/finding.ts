/** `error`: jobs are not protected, or cannot restore. `warning`: some will not be, or less well. `info`: worth knowing. */
export const FINDING_SEVERITIES = ['error', 'warning', 'info'] as const;
export type FindingSeverity = (typeof FINDING_SEVERITIES)[number];

/** Something found that endangers checkpoints or restores, in words to act on. */
export interface Finding<Code extends string = string> {
  severity: FindingSeverity;
  /** Stable, kebab-case. */
  code: Code;
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

/** The most severe first, otherwise as they came. */
export function bySeverity<F extends Pick<Finding, 'severity'>>(findings: readonly F[]): F[] {
  return findings.toSorted((a, b) => FINDING_SEVERITIES.indexOf(a.severity) - FINDING_SEVERITIES.indexOf(b.severity));
}
