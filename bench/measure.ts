import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** One comparison: ours beside the bare thing, measured in turns. */
export interface Comparison {
  what: string;
  unit: 'ms' | 'requests/s';
  ours: number[];
  bare: number[];
  goal: Goal;
}
export type Goal = { ratioAtMost: number } | { ratioAtLeast: number } | { differenceAtMost: number };

export function ratio({ ours, bare }: Comparison): number {
  return median(ours) / median(bare);
}

/** Median of the differences of each turn's pair, which a slow moment of the machine hits alike. */
export function difference({ ours, bare }: Comparison): number {
  return median(ours.map((value, turn) => value - bare[turn]!));
}

export function reaches(comparison: Comparison): boolean {
  const { goal } = comparison;
  if ('ratioAtMost' in goal) return ratio(comparison) <= goal.ratioAtMost;
  if ('ratioAtLeast' in goal) return ratio(comparison) >= goal.ratioAtLeast;
  return difference(comparison) <= goal.differenceAtMost;
}

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

function firstLine(command: string, ...args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .split('\n')[0]!
      .trim();
  } catch {
    return `${command}: not there`;
  }
}

export function describeComputer(): string[] {
  const [processor] = cpus();
  return [
    `${cpus().length} x ${processor?.model ?? 'unknown CPU'}`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Linux ${release()}`,
    `Node ${process.version}`,
  ];
}

export function describeMachine(directory: string, criuDir: string): string {
  const disk = firstLine('findmnt', '--noheadings', '--output', 'SOURCE,FSTYPE', '--target', directory).replace(
    /\s+/,
    ' ',
  );
  const facts = [
    ...describeComputer(),
    `images on ${disk}`,
    firstLine('runc', '--version'),
    `CRIU ${firstLine(`${criuDir}/criu`, '--version').replace(/^Version: /, '')}`,
    firstLine('dockerd', '--version').replace(/, build.*/, ''),
  ];
  return facts.join('; ');
}
