import fc from 'fast-check';
import { CONTAINER_STATUSES, type ContainerReport } from '../../protocol/agent-api.js';
import { DEFAULT_POLICY } from '../../protocol/policy.js';
import { currentAttempt, jobFields, mergeAttempt } from './attempt-merge.js';
import type { JobAttempt } from './job-attempt.entity.js';

function report(
  second: number,
  status: ContainerReport['status'],
  changes: Partial<ContainerReport> = {},
): ContainerReport & { at: string } {
  return {
    type: 'container',
    jobId: 'j',
    attempt: 1,
    jobQueue: null,
    computeEnvironment: null,
    containerId: 'c',
    containerName: `seen-at-${second}`,
    image: 'busybox',
    command: [],
    status,
    exitCode: status === 'exited' ? 3 : null,
    startedAt: status === 'created' ? null : new Date(1000).toISOString(),
    finishedAt: null,
    protected: true,
    unprotectedReason: null,
    policy: DEFAULT_POLICY,
    at: new Date(second * 1000).toISOString(),
    ...changes,
  };
}

const merged = (reports: readonly ReturnType<typeof report>[]): JobAttempt | null =>
  reports.reduce<JobAttempt | null>((known, next) => mergeAttempt(known, 'job_1', 'host_1', next), null);

describe('mergeAttempt', () => {
  it('gives the same, whatever the order of reports and however often they come', () => {
    const story = fc.uniqueArray(fc.tuple(fc.nat({ max: 1000 }), fc.constantFrom(...CONTAINER_STATUSES)), {
      selector: ([second]) => second,
      minLength: 1,
    });
    const shuffled = story.chain((events) =>
      fc.tuple(fc.constant(events), fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 })),
    );
    fc.assert(
      fc.property(shuffled, ([events, order]) => {
        expect(merged(order.map(([second, status]) => report(second, status)))).toEqual(
          merged(events.map(([second, status]) => report(second, status))),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('believes an exit code over a loss, and neither a start after an end', () => {
    expect(merged([report(5, 'lost'), report(4, 'exited')])).toMatchObject({ status: 'exited', exitCode: 3 });
    expect(merged([report(4, 'exited'), report(9, 'running')])).toMatchObject({ status: 'exited' });
  });
});

describe('the size of an image', () => {
  it.each([
    [report(1, 'running', { imageBytes: 5 }), report(2, 'exited')],
    [report(2, 'exited'), report(1, 'running', { imageBytes: 5 })],
  ])('is kept from whichever report told it', (...reports) => {
    expect(merged(reports)).toMatchObject({ status: 'exited', imageBytes: 5 });
  });
});

describe('a job', () => {
  const attempt = (containerId: string, started: number): JobAttempt => ({
    ...merged([report(started, 'running')])!,
    containerId,
    startedAt: new Date(started),
  });

  it('is what its newest container is', () => {
    expect(currentAttempt([attempt('new', 20), attempt('old', 10)])?.containerId).toBe('new');
    expect(currentAttempt([])).toBeUndefined();
  });

  it.each([
    ['created', null, 'STARTING'],
    ['running', null, 'RUNNING'],
    ['exited', 0, 'SUCCEEDED'],
    ['exited', 1, 'FAILED'],
    ['lost', null, 'FAILED'],
  ] as const)('whose container is %s with %p is %s', (status, exitCode, expected) => {
    expect(jobFields(merged([report(1, status, { exitCode })])!).status).toBe(expected);
  });
});
