import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { type Comparison, difference, median, ratio, reaches } from './measure.js';

const BEGIN = '<!-- begin of what `npm run bench` writes -->';
const END = '<!-- end of what `npm run bench` writes -->';

const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1));

function goalText({ goal }: Comparison): string {
  if ('ratioAtMost' in goal) return `at most ${goal.ratioAtMost} x`;
  if ('ratioAtLeast' in goal) return `at least ${goal.ratioAtLeast} x`;
  return `at most ${goal.differenceAtMost} ms more`;
}

function resultText(comparison: Comparison): string {
  if ('differenceAtMost' in comparison.goal) {
    const more = difference(comparison);
    return `${more >= 0 ? '+' : ''}${more.toFixed(1)} ms`;
  }
  return `${ratio(comparison).toFixed(2)} x`;
}

const spread = (values: number[]): string =>
  `${number(median(values))} (${number(Math.min(...values))}-${number(Math.max(...values))})`;

export function toTable(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map((comparison) =>
    [
      comparison.what,
      `${spread(comparison.ours)} ${comparison.unit}`,
      `${spread(comparison.bare)} ${comparison.unit}`,
      resultText(comparison),
      goalText(comparison),
      reaches(comparison) ? 'yes' : 'no',
    ].join(' | '),
  );
  return [
    '| What | Batchpoint | bare | result | goal | reached |',
    '|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

/** Replaces the table in docs/performance.md; the text around it is written by hand. */
export async function writeReport(file: string, machine: string, comparisons: readonly Comparison[]): Promise<void> {
  const text = readFileSync(file, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${file} lacks the marks between which the table goes`);
  const runs = Math.max(...comparisons.map(({ ours }) => ours.length));
  const section = `\nMeasured ${new Date().toISOString().slice(0, 10)} on ${machine}. Median (least-most) of up to ${runs} runs in turns.\n\n${toTable(comparisons)}\n\n`;
  const written = text.slice(0, begin + BEGIN.length) + section + text.slice(end);
  writeFileSync(file, await format(written, { ...(await resolveConfig(file)), parser: 'markdown' }));
}
