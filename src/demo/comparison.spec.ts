import { describe, expect, it } from '@jest/globals';
import { compare } from './comparison.js';

const step = (number: number): string => `step ${number} ${String(number).padStart(64, 'a')}\n`;
const steps = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => step(from + index)).join('');
const reference = { stdout: steps(1, 10), file: 'result\n' };

describe('comparison of an interrupted run with an uninterrupted one', () => {
  it('accepts a continuation, with the lines after the checkpoint printed twice', () => {
    expect(compare(reference, steps(1, 7), { stdout: steps(5, 10), file: 'result\n' })).toEqual({
      continuedAfter: 4,
      lastBeforeKill: 7,
      total: 10,
    });
  });

  it.each([
    ['a fresh start', steps(1, 7), steps(1, 10), 'result\n', 'started afresh'],
    ['lost output', steps(1, 3), steps(5, 10), 'result\n', 'output is lost'],
    [
      'a missing end',
      steps(1, 7),
      steps(5, 9),
      'result\n',
      'standard output differs from the uninterrupted run at line 10',
    ],
    ['a line too many', steps(1, 7), steps(5, 11), 'result\n', 'at line 11'],
    ['another repeat', steps(1, 6) + step(7).replace('a', 'b'), steps(5, 10), 'result\n', 'the lines printed twice'],
    ['another file', steps(1, 7), steps(5, 10), 'other\n', 'the result file differs'],
    ['another line end in the file', steps(1, 7), steps(5, 10), 'result', 'line ends'],
    ['no output', steps(1, 7), '', 'result\n', 'does not begin with a step'],
  ])('refuses %s', (_name, first, stdout, file, message) => {
    expect(() => compare(reference, first, { stdout, file })).toThrow(message);
  });
});
