import type { BatchRetryStrategy } from '../../aws/batch.api.js';
import { retryFindings, retriesHostLoss } from './retry.rules.js';

type Condition = BatchRetryStrategy['evaluateOnExit'][number];
const on = (condition: Partial<Condition> & { action: string }): Condition => ({
  onStatusReason: null,
  onReason: null,
  onExitCode: null,
  ...condition,
});

describe('a retry strategy', () => {
  it.each<[string, number, Condition[], boolean]>([
    ['none', 1, [], false],
    ['attempts without conditions', 2, [], true],
    ['one attempt, though the condition fits', 1, [on({ onStatusReason: 'Host EC2*', action: 'RETRY' })], false],
    [
      "AWS's own example",
      5,
      [on({ onStatusReason: 'Host EC2*', action: 'RETRY' }), on({ onReason: '*', action: 'EXIT' })],
      true,
    ],
    [
      'the same in the wrong order',
      5,
      [on({ onReason: '*', action: 'EXIT' }), on({ onStatusReason: 'Host EC2*', action: 'RETRY' })],
      false,
    ],
    ['an exit on everything', 5, [on({ onExitCode: '*', action: 'EXIT' })], false],
    ['an exit on a code, which a lost host does not give', 5, [on({ onExitCode: '1', action: 'EXIT' })], true],
    [
      'a condition of which one part fits and another does not',
      5,
      [
        on({ onStatusReason: 'Host EC2*', onExitCode: '137', action: 'RETRY' }),
        on({ onStatusReason: '*', action: 'EXIT' }),
      ],
      false,
    ],
    ['conditions that do not fit: Batch retries then', 3, [on({ onReason: 'CannotPull*', action: 'EXIT' })], true],
    ['a pattern without its star', 3, [on({ onStatusReason: 'Host EC2', action: 'EXIT' })], true],
  ])('%s (%d): %j: %s', (_, attempts, evaluateOnExit, expected) => {
    expect(retriesHostLoss({ attempts, evaluateOnExit })).toBe(expected);
  });

  it('that will not retry is named once, with its revision', () => {
    const arn = 'arn:aws:batch:us-east-1:123456789012:job-definition/once:3';
    const once = { jobDefinitionArn: arn, retryStrategy: { attempts: 1, evaluateOnExit: [] } };
    expect(retryFindings([once, once], 'jobs')).toMatchObject([
      { severity: 'error', message: expect.stringMatching(/2 of the newest 2 jobs.*: once:3\.$/) },
    ]);
    expect(retryFindings([], 'definitions')).toEqual([]);
  });
});
