/**
 * `conditional`: it depends on conditions that only the call itself decides, or holds for some resources only; it is not to be relied on.
 * `unknown`: nobody who could be asked says.
 */
export const IAM_DECISIONS = ['allowed', 'denied', 'conditional', 'unknown'] as const;
export type IamDecision = (typeof IAM_DECISIONS)[number];

/** Why something is denied: nothing allows it, a statement denies it, the permissions boundary or an organization's policy does not allow it. */
export const DENIAL_CAUSES = ['no-allow', 'explicit-deny', 'boundary', 'organization'] as const;
export type DenialCause = (typeof DENIAL_CAUSES)[number];

/** What becomes of a call. */
export interface Ruling {
  decision: IamDecision;
  /** null unless denied. */
  cause: DenialCause | null;
  /** Half a sentence: by what, or on what condition. */
  detail: string;
}

const WORST_FIRST: readonly string[] = [
  'explicit-deny',
  'organization',
  'boundary',
  'no-allow',
  'unknown',
  'conditional',
  'allowed',
];

/** Of a call that needs several resources: what the least permitted of them gets. `rulings` is not empty. */
export function worstOf(rulings: readonly Ruling[]): Ruling {
  const rank = ({ decision, cause }: Ruling): number => WORST_FIRST.indexOf(cause ?? decision);
  return rulings.toSorted((a, b) => rank(a) - rank(b))[0]!;
}
