import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InvalidDurationError, parseDuration } from '../../protocol/duration.js';
import { ChangeNotifier } from './change-notifier.js';
import { invalidField } from './domain-error.js';
import { requestContext } from './request-context.js';

/** Shorter than the 60 s at which common load balancers cut an idle connection. */
export const MAX_WAIT_MS = 55_000;

/** Reads `?wait=30s`. */
export function parseWait(value: unknown): number {
  if (value === undefined) return 0;
  try {
    const ms = parseDuration(typeof value === 'string' ? value : '');
    if (ms <= MAX_WAIT_MS) return ms;
  } catch (error) {
    if (!(error instanceof InvalidDurationError)) throw error;
  }
  throw invalidField('?wait', 'wait must be a duration of at most 55s, such as 30s.');
}

/**
 * `?wait=` for reads. A route that has it (`@Read({ wait: true })`) answers through this:
 *
 *   return this.waiter.wait('operation', id, () => this.find(id), (operation) => isFinished(operation));
 *
 * Returns at once without `?wait`; otherwise as soon as `done` holds of what `read` gives, on the time-out, or when the
 * server shuts down, and always with the newest state. `done` gets the first state read too: to wait for any change, compare
 * versions. Errors of `read` (not found) go to the caller.
 */
@Injectable()
export class Waiter {
  constructor(private readonly notifier: ChangeNotifier) {}

  async wait<T>(topic: string, id: string, read: () => Promise<T>, done: (now: T, first: T) => boolean): Promise<T> {
    return this.waitFor(topic, id, requestContext()?.waitMs ?? 0, read, done);
  }

  async waitFor<T>(
    topic: string,
    id: string,
    waitMs: number,
    read: () => Promise<T>,
    done: (now: T, first: T) => boolean,
  ): Promise<T> {
    if (waitMs === 0) return read();
    const deadline = performance.now() + waitMs;
    const gone = requestContext()?.signal;
    let woken: () => void = () => undefined;
    let changed = false;
    const wake = (): void => {
      changed = true;
      woken();
    };
    // Subscribed before the first read: a change between the two is not lost.
    const unsubscribe = this.notifier.subscribe(topic, id, wake);
    gone?.addEventListener('abort', wake);
    try {
      const first = await read();
      let now = first;
      let late = false;
      while (!late && !done(now, first) && !this.notifier.isClosed && !gone?.aborted) {
        if (!changed) {
          const timer = new AbortController();
          late = await Promise.race([
            new Promise<boolean>((resolve) => (woken = () => resolve(false))),
            sleep(Math.max(0, deadline - performance.now()), true, { signal: timer.signal }).catch(() => true),
          ]);
          timer.abort();
        }
        changed = false;
        now = await read();
      }
      return now;
    } finally {
      unsubscribe();
      gone?.removeEventListener('abort', wake);
    }
  }
}
