/**
 * Waiting times for a call that failed: doubling from `firstMs` to `longestMs`, each drawn from its upper half, so
 * that a fleet that lost its server together does not come back together.
 */
export class Backoff {
  private failures = 0;

  constructor(
    private readonly firstMs = 1000,
    private readonly longestMs = 60_000,
    private readonly random: () => number = Math.random,
  ) {}

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const full = Math.min(this.longestMs, this.firstMs * 2 ** Math.min(this.failures, 30));
    this.failures += 1;
    return Math.round(full * (0.5 + this.random() / 2));
  }

  reset(): void {
    this.failures = 0;
  }
}
