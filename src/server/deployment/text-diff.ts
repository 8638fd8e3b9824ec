/** One line of a comparison: kept, only before, only after. */
type Step = ' ' | '-' | '+';

/**
 * What changes between two texts, as `diff -U0` prints it: only lines that change, since the others are none of a reader's
 * business. Empty when nothing does. Takes time and room as the product of the numbers of lines: for texts of some hundreds.
 */
export function unifiedDiff(before: string, after: string, names: { before: string; after: string }): string {
  if (before === after) return '';
  const [a, b] = [lines(before), lines(after)];
  const hunks: string[] = [];
  let [i, j] = [0, 0];
  const steps = compare(a, b);
  for (let at = 0; at < steps.length;) {
    if (steps[at] === ' ') {
      [at, i, j] = [at + 1, i + 1, j + 1];
      continue;
    }
    const [startA, startB] = [i, j];
    for (; at < steps.length && steps[at] !== ' '; at += 1) {
      if (steps[at] === '-') i += 1;
      else j += 1;
    }
    hunks.push(
      `@@ -${range(startA, i)} +${range(startB, j)} @@`,
      ...a.slice(startA, i).map((line) => `-${line}`),
      ...b.slice(startB, j).map((line) => `+${line}`),
    );
  }
  return `--- ${names.before}\n+++ ${names.after}\n${hunks.join('\n')}\n`;
}

/** Of an empty range the line before it is named. */
function range(from: number, to: number): string {
  const count = to - from;
  return `${count === 0 ? from : from + 1}${count === 1 ? '' : `,${count}`}`;
}

function lines(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** By the longest common subsequence; what goes comes before what is new. */
function compare(a: string[], b: string[]): Step[] {
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
    }
  }
  const steps: Step[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      steps.push(' ');
      [i, j] = [i + 1, j + 1];
    } else if (j === b.length || (i < a.length && longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!)) {
      steps.push('-');
      i += 1;
    } else {
      steps.push('+');
      j += 1;
    }
  }
  return steps;
}
