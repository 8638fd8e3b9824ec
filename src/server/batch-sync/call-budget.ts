import type { Clock } from './clock.js';

/** Never slower than a call in five seconds: then AWS would not notice us any more, and we would notice nothing. */
const LEAST_PER_SECOND = 0.2;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Calls to AWS Batch of one account and region: at most `perSecond` on average, and no more than that at once. When AWS limits us,
 * the rate is halved and all calls pause, twice as long each time; every success gives a hundredth of the rate back.
 */
export class CallBudget {
  /** Calls let through. */
  calls = 0;
  private rate: number;
  private tokens: number;
  private filledAt: number;
  private pausedUntil = 0;
  private throttledInARow = 0;

  constructor(
    private readonly perSecond: number,
    private readonly clock: Clock,
    private readonly random: () => number = Math.random,
  ) {
    this.rate = perSecond;
    this.tokens = Math.max(1, perSecond);
    this.filledAt = clock.now();
  }

  /** Resolves when the next call may be made. Rejects when `signal` aborts. */
  async take(signal?: AbortSignal): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      const ms = this.waitMs();
      if (ms <= 0) break;
      // Up to a fifth more, so that replicas and regions do not fall into step.
      await this.clock.sleep(Math.ceil(ms * (1 + this.random() / 5)), signal);
    }
    this.tokens -= 1;
    this.calls += 1;
  }

  succeeded(): void {
    this.throttledInARow = 0;
    this.rate = Math.min(this.perSecond, this.rate + this.perSecond / 100);
  }

  throttled(): void {
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.throttledInARow, LONGEST_PAUSE_MS);
    this.throttledInARow += 1;
    this.rate = Math.max(LEAST_PER_SECOND, this.rate / 2);
    this.tokens = 0;
    this.pausedUntil = this.clock.now() + pause * (0.5 + this.random() / 2);
  }

  private waitMs(): number {
    const now = this.clock.now();
    // A clock that is set back takes nothing away.
    const seconds = Math.max(0, now - this.filledAt) / 1000;
    this.tokens = Math.min(Math.max(1, this.rate), this.tokens + seconds * this.rate);
    this.filledAt = now;
    const forToken = this.tokens >= 1 ? 0 : ((1 - this.tokens) / this.rate) * 1000;
    return Math.max(forToken, this.pausedUntil - now);
  }
}
