import { setTimeout as delay } from 'node:timers/promises';

/** Time as the agent's loops see it; tests hand in one that they advance. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`, or at once when `signal` aborts: a loop looks at its signal, never at an exception. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Node's timers fire at once beyond this. */
const LONGEST_TIMER = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    delay(Math.min(Math.max(ms, 0), LONGEST_TIMER), undefined, signal ? { signal } : {}).catch(() => undefined),
};
