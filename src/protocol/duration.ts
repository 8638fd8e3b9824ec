const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `15m`, `1h30m`, `90s`, `1.5h`: what Go's time.ParseDuration takes, without signs and units below a millisecond. */
export const DURATION_PATTERN = '^(\\d+(\\.\\d+)?(ms|s|m|h))+$';

export class InvalidDurationError extends Error {
  constructor(readonly value: string) {
    super(`"${value}" is not a duration; write for example 15m, 90s or 1h30m`);
    this.name = 'InvalidDurationError';
  }
}

/** Milliseconds of a Go-style duration. Throws {@link InvalidDurationError}. */
export function parseDuration(value: string): number {
  if (!new RegExp(DURATION_PATTERN).test(value)) throw new InvalidDurationError(value);
  let ms = 0;
  for (const [, amount, , unit] of value.matchAll(/(\d+(\.\d+)?)(ms|s|m|h)/g)) {
    ms += Number(amount) * UNIT_MS[unit!]!;
  }
  return Math.round(ms);
}

/** The shortest Go-style spelling of whole milliseconds: 5400000 is `1h30m`. */
export function formatDuration(ms: number): string {
  let rest = Math.round(ms);
  let out = '';
  for (const [unit, size] of [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
    ['ms', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    if (count > 0) out += `${count}${unit}`;
    rest -= count * size;
  }
  return out || '0s';
}
