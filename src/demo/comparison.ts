/** What a run printed and what it left in its file. */
export interface Output {
  stdout: string;
  file: string;
}

export interface Continuation {
  /** The step the second host went on after: none up to here was done again there. */
  continuedAfter: number;
  /** The last step the first host had printed when it died. */
  lastBeforeKill: number;
  total: number;
}

export class ComparisonError extends Error {
  override readonly name = 'ComparisonError';
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
const stepOf = (line: string): number => Number(/^step (\d+) [0-9a-f]{64}$/.exec(line)?.[1] ?? NaN);

/**
 * Holds an interrupted run against an uninterrupted one, byte for byte. The file must be the same. Standard output is
 * delivered at least once: what the first host printed up to the checkpoint, followed by what the second printed, must be
 * the whole; what the first printed after the checkpoint was printed again by the second, and must be the same text.
 * Throws {@link ComparisonError} naming the first difference.
 */
export function compare(reference: Output, first: string, second: Output): Continuation {
  const [expected, before, after] = [lines(reference.stdout), lines(first), lines(second.stdout)];
  const firstStep = stepOf(after[0] ?? '');
  if (Number.isNaN(firstStep))
    throw new ComparisonError(`the second host's output does not begin with a step: ${after[0] ?? '(nothing)'}`);
  if (firstStep === 1)
    throw new ComparisonError('the second host began at step 1: the job was started afresh, not restored');
  const continuedAfter = firstStep - 1;
  if (before.length < continuedAfter) {
    throw new ComparisonError(
      `output is lost: the first host printed ${before.length} steps, the second went on after step ${continuedAfter}`,
    );
  }
  equal('standard output', expected, [...before.slice(0, continuedAfter), ...after]);
  equal('the lines printed twice', expected.slice(continuedAfter, before.length), before.slice(continuedAfter));
  if (reference.file !== second.file) {
    equal('the result file', lines(reference.file), lines(second.file));
    throw new ComparisonError('the result file differs from the uninterrupted run in its line ends');
  }
  return { continuedAfter, lastBeforeKill: before.length, total: expected.length };
}

function equal(what: string, expected: string[], actual: string[]): void {
  const at = expected.findIndex((line, index) => line !== actual[index]);
  if (at === -1 && actual.length === expected.length) return;
  const index = at === -1 ? expected.length : at;
  throw new ComparisonError(
    `${what} differs from the uninterrupted run at line ${index + 1}: expected "${expected[index] ?? '(end)'}", found "${actual[index] ?? '(end)'}"`,
  );
}
