import type { Finding } from '../common/finding.js';
import type { PreflightCheck, PreflightEnvironment, PreflightSection } from './preflight-section.js';

/** What a source makes of one check: what it found (nothing: all is well), or why it could not look. */
export type Look = { findings: Finding[] } | { skipped: string };

/**
 * Where a preflight's findings about an environment come from. Features are plugged in as sources (`preflight.module.ts`); several may
 * speak of one check, whose section then has the findings of all, and is skipped only when none could look.
 */
export interface PreflightSource {
  /** The checks it may speak of. */
  readonly checks: readonly PreflightCheck[];
  /** An `AwsError` it throws, or any other, becomes a finding of its checks. A check it leaves out it has nothing to say of. */
  look(environment: PreflightEnvironment): Promise<Partial<Record<PreflightCheck, Look>>>;
}

/** Injection token of the list of all sources. */
export const PREFLIGHT_SOURCES = Symbol('preflight sources');

/** One section of what all sources said of a check. */
export function toSection(
  check: PreflightCheck,
  { id, name }: Pick<PreflightEnvironment, 'id' | 'name'>,
  looks: readonly Look[],
): PreflightSection {
  const findings = looks.flatMap((look) => ('findings' in look ? look.findings : []));
  const base = { check, computeEnvironments: [{ id, name }], findings, iam: null };
  if (looks.some((look) => 'findings' in look)) return { ...base, status: statusOf(findings), reason: null };
  const reasons = looks.flatMap((look) => ('skipped' in look ? look.skipped : []));
  const reason =
    reasons.length > 0 ? [...new Set(reasons)].join(' ') : 'Nothing is known of it that could be looked at.';
  return { ...base, status: 'skipped', reason };
}

export function statusOf(findings: readonly Finding[]): 'passed' | 'failed' {
  return findings.some(({ severity }) => severity === 'error') ? 'failed' : 'passed';
}
