import fc from 'fast-check';
import { BATCH_STATUSES } from '../aws/batch-job.js';
import { type BatchState, isOver, laterBatchState } from './batch-state.js';

const state = (changes: Partial<BatchState>): BatchState => ({
  status: 'RUNNABLE',
  statusReason: null,
  endedAttempts: 0,
  attemptReason: null,
  exitCode: null,
  startedAt: null,
  stoppedAt: null,
  childStatuses: null,
  at: 1_000,
  ...changes,
});

const anyState = fc
  .record({
    status: fc.constantFrom(...BATCH_STATUSES),
    endedAttempts: fc.nat({ max: 3 }),
    at: fc.nat({ max: 5_000 }),
    statusReason: fc.constantFrom(null, 'a', 'b'),
  })
  .map(state);

describe('The later word of AWS Batch', () => {
  const all = (states: readonly BatchState[]): BatchState => states.reduce(laterBatchState);

  it('is the same, whatever the order and however often each comes', () => {
    const story = fc.array(anyState, { minLength: 1, maxLength: 8 });
    const shuffled = story.chain((states) =>
      fc.tuple(fc.constant(states), fc.shuffledSubarray([...states, ...states], { minLength: states.length * 2 })),
    );
    fc.assert(
      fc.property(shuffled, ([states, order]) => expect(all(order)).toEqual(all(states))),
      { numRuns: 500 },
    );
  });

  it('never takes an end back, nor an attempt', () => {
    fc.assert(
      fc.property(anyState, anyState, (a, b) => {
        const later = laterBatchState(a, b);
        if (isOver(a.status)) expect(isOver(later.status)).toBe(true);
        else if (!isOver(later.status)) expect(later.endedAttempts).toBeGreaterThanOrEqual(a.endedAttempts);
      }),
    );
  });

  it.each([
    [
      'a status further along, told in the same second',
      { status: 'STARTING', at: 1_900 },
      { status: 'RUNNING', at: 1_000 },
    ],
    ['what was told later', { status: 'STARTING', at: 1_000 }, { status: 'RUNNABLE', at: 2_000 }],
    ['the next attempt', { status: 'RUNNING', at: 9_000 }, { status: 'RUNNABLE', endedAttempts: 1, at: 1_000 }],
    ['the end', { status: 'RUNNING', endedAttempts: 2, at: 9_000 }, { status: 'FAILED', at: 1_000 }],
  ] as const)('is %s', (_, earlier, later) => {
    expect(laterBatchState(state(earlier), state(later))).toEqual(state(later));
    expect(laterBatchState(state(later), state(earlier))).toEqual(state(later));
  });
});
