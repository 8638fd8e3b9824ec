import { setTimeout as wait } from 'node:timers/promises';

/** Time, so that a test or a measurement can let hours pass. */
export abstract class Clock {
  /** Milliseconds since 1970. */
  abstract now(): number;
  /** Rejects with an AbortError when `signal` aborts. */
  abstract sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export class SystemClock extends Clock {
  now(): number {
    return Date.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await wait(ms, undefined, signal === undefined ? {} : { signal });
  }
}
