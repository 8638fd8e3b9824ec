import { DEFAULT_POLICY } from '../../protocol/policy.js';
import type { BatchState } from './batch-state.js';
import type { JobAttempt } from './job-attempt.entity.js';
import { jobState } from './job-state.js';

const batch = (changes: Partial<BatchState>): BatchState => ({
  status: 'RUNNABLE',
  statusReason: null,
  endedAttempts: 0,
  attemptReason: null,
  exitCode: null,
  startedAt: null,
  stoppedAt: null,
  childStatuses: null,
  at: 60_000,
  ...changes,
});
const container = (changes: Partial<JobAttempt>): JobAttempt => ({
  jobId: 'job_1',
  containerId: 'c',
  hostId: 'host_1',
  attempt: 1,
  status: 'running',
  containerName: 'work',
  image: 'busybox',
  imageBytes: null,
  command: [],
  exitCode: null,
  startedAt: new Date(10_000),
  stoppedAt: null,
  policy: DEFAULT_POLICY,
  protected: true,
  unprotectedReason: null,
  reportedAt: new Date(30_000),
  firstReportedAt: new Date(10_000),
  lastReportedAt: new Date(30_000),
  ...changes,
});

const THERE = true;
const GONE = false;
const RETRIED = { endedAttempts: 1, attemptReason: 'Host EC2 (instance i-1) terminated.' };

describe('Whose word counts', () => {
  const running = container({});
  const exited = container({ status: 'exited', exitCode: 0, stoppedAt: new Date(20_000) });
  const failed = container({ status: 'exited', exitCode: 3, stoppedAt: new Date(20_000) });
  const lost = container({ status: 'lost' });
  const unnumbered = container({ attempt: null });

  it.each([
    ['a job in the queue', undefined, batch({}), GONE, 'RUNNABLE'],
    ['a container AWS Batch said nothing of', running, null, THERE, 'RUNNING'],
    ['a container AWS Batch has not seen start', running, batch({ status: 'STARTING' }), THERE, 'RUNNING'],
    ['a container AWS Batch still has in the queue', running, batch({}), GONE, 'RUNNING'],
    ['a container that runs, though AWS Batch tries again', running, batch(RETRIED), THERE, 'RUNNING'],
    ['a reclaimed host', running, batch(RETRIED), GONE, 'RUNNABLE'],
    [
      'a job that runs again on a host without an agent',
      running,
      batch({ ...RETRIED, status: 'RUNNING' }),
      GONE,
      'RUNNING',
    ],
    ['a container that runs, though AWS Batch gave it up', running, batch({ status: 'FAILED' }), THERE, 'RUNNING'],
    ['a job that ended while its host was gone', running, batch({ status: 'SUCCEEDED' }), GONE, 'SUCCEEDED'],
    ['an exit AWS Batch has not seen', exited, batch({ status: 'RUNNING' }), THERE, 'SUCCEEDED'],
    ['a job whose time was up', exited, batch({ status: 'FAILED' }), THERE, 'FAILED'],
    ['a failure that is tried again', failed, batch(RETRIED), THERE, 'RUNNABLE'],
    ['a failure that is not', failed, batch({ status: 'FAILED' }), THERE, 'FAILED'],
    ['a lost container whose job succeeded', lost, batch({ status: 'SUCCEEDED' }), THERE, 'SUCCEEDED'],
    ['a container of the attempt after', container({ attempt: 2 }), batch(RETRIED), GONE, 'RUNNING'],
    ['a container without a number', unnumbered, batch(RETRIED), GONE, 'RUNNABLE'],
    ['a container without a number, heard of since', unnumbered, batch({ ...RETRIED, at: 20_000 }), GONE, 'RUNNING'],
  ])('of %s', (_, newest, told, there, status) => {
    expect(jobState(newest, told, there)?.status).toBe(status);
  });

  it('is nobody’s when nothing is known', () => {
    expect(jobState(undefined, null, GONE)).toBeNull();
  });

  it('tells why a job waits again, and no longer how the attempt before ended', () => {
    expect(jobState(failed, batch(RETRIED), THERE)).toEqual({
      status: 'RUNNABLE',
      statusReason: 'Host EC2 (instance i-1) terminated.',
      exitCode: null,
      startedAt: null,
      stoppedAt: null,
    });
  });

  it('leaves what AWS Batch does not say to what the host measured', () => {
    expect(jobState(failed, batch({ status: 'FAILED' }), GONE)).toEqual({
      status: 'FAILED',
      statusReason: 'The container exited with code 3.',
      exitCode: 3,
      startedAt: new Date(10_000),
      stoppedAt: new Date(20_000),
    });
    const stopped = {
      status: 'FAILED' as const,
      statusReason: 'Job attempt duration exceeded timeout',
      stoppedAt: 50_000,
    };
    expect(jobState(exited, batch(stopped), GONE)).toMatchObject({
      statusReason: 'Job attempt duration exceeded timeout',
      exitCode: 0,
      stoppedAt: new Date(20_000),
    });
  });
});
