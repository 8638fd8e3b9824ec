import { Injectable } from '@nestjs/common';
import type { AwsAccess } from '../aws/aws-access.js';
import { Clock } from './clock.js';
import { accessKey } from './scopes.js';

const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 10 * 60_000;

/** Ways to AWS that failed as a whole (denied, away, limited): left alone for a while, twice as long each time. */
@Injectable()
export class AccessPauses {
  private readonly failed = new Map<string, { times: number; until: number }>();

  constructor(private readonly clock: Clock) {}

  isPaused(access: AwsAccess): boolean {
    return (this.failed.get(accessKey(access))?.until ?? 0) > this.clock.now();
  }

  fail(access: AwsAccess): void {
    const times = (this.failed.get(accessKey(access))?.times ?? 0) + 1;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (times - 1), LONGEST_PAUSE_MS);
    this.failed.set(accessKey(access), { times, until: this.clock.now() + pause });
  }

  succeed(access: AwsAccess): void {
    this.failed.delete(accessKey(access));
  }
}
