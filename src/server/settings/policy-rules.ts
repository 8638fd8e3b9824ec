import { parseDuration } from '../../protocol/duration.js';
import type { PolicyOverride } from '../../protocol/policy.js';
import { invalidField } from '../common/domain-error.js';

const DAY_MS = 24 * 3_600_000;
/** A year: longer is a mistake, and stays far from what timers can hold. */
const LONGEST_MS = 366 * DAY_MS;

/** What the field types cannot say of a policy or a part of one. Throws `validation-failed`; `at` is where it stands in the body. */
export function checkPolicy(policy: { [K in keyof PolicyOverride]?: PolicyOverride[K] | null }, at: string): void {
  for (const [name, shortest] of [
    ['interval', 1000],
    ['timeout', 1000],
    ['failureRetention', 0],
  ] as const) {
    checkDuration(policy[name], `${at}/${name}`, shortest, LONGEST_MS);
  }
}

export function checkDuration(
  value: string | null | undefined,
  pointer: string,
  shortestMs: number,
  longestMs: number,
): void {
  if (value === null || value === undefined) return;
  const ms = parseDuration(value);
  const name = pointer.slice(pointer.lastIndexOf('/') + 1);
  if (ms < shortestMs) throw invalidField(pointer, `${name} must be at least ${shortestMs / 1000}s.`, 'min');
  if (!(ms <= longestMs)) throw invalidField(pointer, `${name} must be at most ${longestMs / 1000}s.`, 'max');
}
