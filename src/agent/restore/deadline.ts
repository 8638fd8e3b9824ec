import { FailureError } from '../../protocol/failure.js';

/** The time a restore may take as a whole. */
export class Deadline {
  private readonly ends: number;
  private abandoned = false;

  constructor(
    private readonly seconds: number,
    private readonly whole?: Deadline,
  ) {
    this.ends = performance.now() + seconds * 1000;
  }

  /** A share of the time that is left, between 0 and 1. */
  part(share: number): Deadline {
    return new Deadline(Math.round(this.remainingMs * share) / 1000, this);
  }

  /** True once work was given up while it was under way: something in this process may still hang. */
  get abandonedWork(): boolean {
    return this.abandoned;
  }

  /** Whole milliseconds. */
  get remainingMs(): number {
    return Math.max(0, Math.ceil(this.ends - performance.now()));
  }

  /** Throws `restore-timed-out` when no time is left. */
  check(): void {
    if (this.remainingMs === 0) throw this.passed();
  }

  /** The work's outcome, or `restore-timed-out`; a read from a dead network file system never returns by itself. */
  async limit<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.abandon();
        reject(this.passed());
      }, this.remainingMs);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private abandon(): void {
    this.abandoned = true;
    this.whole?.abandon();
  }

  private passed(): FailureError {
    return new FailureError({
      code: 'restore-timed-out',
      message: `the ${this.seconds} s a job's start may be delayed by restoring have passed`,
      remedy:
        'use a faster storage or smaller images; or raise BATCHPOINT_RESTORE_LIMIT_SECONDS in batchpoint-runc.conf and, on ECS, ECS_CONTAINER_START_TIMEOUT',
    });
  }
}
