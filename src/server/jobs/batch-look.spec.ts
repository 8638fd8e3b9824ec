import { nextLook } from './batch-look.js';
import type { Job } from './job.entity.js';

const NOW = Date.parse('2026-01-01T12:00:00Z');

function waiting(changes: Partial<Job> = {}): Job {
  return {
    arrayParentId: null,
    batchState: { status: 'RUNNABLE' },
    batchIntervalSeconds: null,
    submittedAt: new Date(NOW),
    ...changes,
  } as Job;
}

describe('The next look at a job', () => {
  const secondsTo = (job: Job, changed: boolean): number | null => {
    const { batchDueAt, batchIntervalSeconds } = nextLook(job, changed, NOW);
    expect(batchDueAt?.getTime() ?? null).toBe(
      batchIntervalSeconds === null ? null : NOW + batchIntervalSeconds * 1000,
    );
    return batchIntervalSeconds;
  };

  it.each([
    ['is soon, when it was just submitted', 0, 30],
    ['is soon, when it was submitted within ten minutes', 599, 30],
    ['is late, when it waited for ten minutes before it was first seen', 600, 600],
  ])('%s', (_, age, seconds) => {
    const job = waiting({ submittedAt: new Date(NOW - age * 1000) });
    expect(secondsTo(job, true)).toBe(seconds);
    expect(secondsTo(job, false)).toBe(seconds);
  });

  it('is twice as far each time while nothing changes, and near when something did, however old it is', () => {
    const submittedAt = new Date(0);
    expect(secondsTo(waiting({ submittedAt, batchIntervalSeconds: 30 }), false)).toBe(60);
    expect(secondsTo(waiting({ submittedAt, batchIntervalSeconds: 480 }), false)).toBe(600);
    expect(secondsTo(waiting({ submittedAt, batchIntervalSeconds: 600 }), true)).toBe(30);
  });

  it('never comes for one that ended', () => {
    expect(secondsTo(waiting({ batchState: { status: 'FAILED' } as Job['batchState'] }), true)).toBeNull();
  });
});
