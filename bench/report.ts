import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { type Comparison, difference, median, ratio, reaches } from './measure.js';
import { type SyncFigures, toSyncTable } from './sync-report.js';

/** The command whose run writes a block. */
type Writer = 'npm run bench' | 'npm run bench -- batch-sync';

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

/** Replaces the table of comparisons in docs/performance.md. */
export async function writeReport(file: string, machine: string, comparisons: readonly Comparison[]): Promise<void> {
  const runs = Math.max(...comparisons.map(({ ours }) => ours.length));
  const how = `Median (least-most) of up to ${runs} runs in turns.`;
  await writeBlock(file, 'npm run bench', `${measured(machine)} ${how}\n\n${toTable(comparisons)}`);
}

/** Replaces the table of the sync's calls. */
export async function writeSyncReport(file: string, machine: string, figures: readonly SyncFigures[]): Promise<void> {
  await writeBlock(file, 'npm run bench -- batch-sync', `${measured(machine)}\n\n${toSyncTable(figures)}`);
}

const measured = (machine: string): string => `Measured ${new Date().toISOString().slice(0, 10)} on ${machine}.`;

/** Each writer has its own block; the text around is written by hand. */
async function writeBlock(file: string, writer: Writer, block: string): Promise<void> {
  const text = readFileSync(file, 'utf8');
  const [begin, end] = [`<!-- begin of what \`${writer}\` writes -->`, `<!-- end of what \`${writer}\` writes -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} lacks the marks between which what \`${writer}\` writes goes`);
  const written = `${text.slice(0, from + begin.length)}\n${block}\n\n${text.slice(to)}`;
  writeFileSync(file, await format(written, { ...(await resolveConfig(file)), parser: 'markdown' }));
}
