import { CallBudget } from './call-budget.js';
import { Clock } from './clock.js';

class TestClock extends Clock {
  time = 0;
  now(): number {
    return this.time;
  }
  sleep(ms: number): Promise<void> {
    this.time += ms;
    return Promise.resolve();
  }
}

describe('A budget of calls', () => {
  let clock: TestClock;
  const budget = (perSecond: number, random = 0): CallBudget => new CallBudget(perSecond, clock, () => random);
  beforeEach(() => (clock = new TestClock()));
  async function take(from: CallBudget, count: number): Promise<number> {
    const before = clock.time;
    for (let i = 0; i < count; i += 1) await from.take();
    return clock.time - before;
  }

  it('lets a second’s worth through at once, and the rest at its rate', async () => {
    const calls = budget(10);
    expect(await take(calls, 10)).toBe(0);
    expect(await take(calls, 600)).toBe(60_000);
    expect(calls.calls).toBe(610);
  });

  it('waits up to a fifth longer by chance', async () => {
    const calls = budget(1, 1);
    await take(calls, 1);
    expect(await take(calls, 1)).toBe(1_200);
  });

  it('does not save up while nobody calls', async () => {
    const calls = budget(2);
    clock.time += 3_600_000;
    expect(await take(calls, 2)).toBe(0);
    expect(await take(calls, 2)).toBe(1_000);
  });

  it('slows down and pauses when AWS limits it, for longer each time, and recovers', async () => {
    const calls = budget(10);
    calls.throttled();
    expect(await take(calls, 1)).toBe(500);
    calls.throttled();
    expect(await take(calls, 1)).toBe(1_000);
    for (let i = 0; i < 20; i += 1) calls.throttled();
    expect(await take(calls, 1)).toBe(30_000);
    clock.time += 60_000;
    await take(calls, 1);
    expect(await take(calls, 1)).toBe(5_000);
    for (let i = 0; i < 100; i += 1) calls.succeeded();
    clock.time += 60_000;
    expect(await take(calls, 10)).toBe(0);
    expect(await take(calls, 10)).toBe(1_000);
  });

  it('ends the wait when it is asked to', async () => {
    const stop = AbortSignal.abort();
    await expect(budget(1).take(stop)).rejects.toThrow();
  });
});
