/**
 * `npm run bench`: Batchpoint beside the bare thing it builds on, in one run on one machine; only the ratios mean anything
 * elsewhere. Prints the table and writes it to docs/performance.md. `-- --quick` takes about a minute and writes nothing;
 * `-- checkpoints`, `-- shim`, `-- routes` run one part. `-- batch-sync` compares with nothing: it counts the calls to AWS Batch,
 * needs neither root nor containers, and writes its own table, also when it runs alone.
 */
import { join } from 'node:path';
import { benchBatchSync } from './batch-sync.js';
import { benchCheckpoints } from './checkpoints.js';
import { type Comparison, describeComputer, describeMachine } from './measure.js';
import { toTable, writeReport, writeSyncReport } from './report.js';
import { benchRoutes } from './routes.js';
import { benchShimStart } from './shim-start.js';
import { setStage, type Stage } from './stage.js';
import { toSyncTable } from './sync-report.js';
import { setSyncStage } from './sync-stage.js';

const args = process.argv.slice(2);
const quick = args.includes('--quick');
const parts = args.filter((argument) => !argument.startsWith('--'));
const known = ['checkpoints', 'shim', 'routes', 'batch-sync'];
const unknown = [
  ...parts.filter((part) => !known.includes(part)),
  ...args.filter((argument) => argument.startsWith('--') && argument !== '--quick'),
];
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(' ')}. Parts: ${known.join(', ')}; option: --quick`);
  process.exit(2);
}
const wanted = (part: string): boolean => parts.length === 0 || parts.includes(part);

const page = join(import.meta.dirname, '../docs/performance.md');

let strike = (): Promise<void> => Promise.resolve();
let stopped = false;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (stopped) return;
    stopped = true;
    void strike().finally(() => process.exit(130));
  });
}
if (wanted('batch-sync')) await countCalls();
if (known.some((part) => part !== 'batch-sync' && wanted(part))) await compare();

async function countCalls(): Promise<void> {
  const stage = await setSyncStage();
  strike = stage.strike;
  try {
    const figures = await benchBatchSync(stage, quick ? 100 : 1_000, 100);
    const machine = describeComputer().join('; ');
    console.log(`\n${machine}\n\n${toSyncTable(figures)}`);
    if (!quick) await writeSyncReport(page, machine, figures);
  } finally {
    await stage.strike();
  }
}

async function compare(): Promise<void> {
  const stage = await setStage();
  strike = stage.strike;
  try {
    const comparisons = await runComparisons(stage);
    const machine = describeMachine(stage.dir, stage.criuDir);
    console.log(`\n${machine}\n\n${toTable(comparisons)}`);
    if (!quick && parts.length === 0) await writeReport(page, machine, comparisons);
  } finally {
    await stage.strike();
  }
}

async function runComparisons(stage: Stage): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  if (wanted('shim')) comparisons.push(...(await benchShimStart(stage, quick ? 8 : 120)));
  if (wanted('routes')) comparisons.push(...(await benchRoutes(stage, quick ? 2 : 5, quick ? 1500 : 4000)));
  if (wanted('checkpoints')) {
    const sizes = quick
      ? [{ mib: 64, repeats: 3 }]
      : [{ mib: 64, repeats: 9 }, { mib: 512, repeats: 7 }, { mib: 2048, repeats: 5 }]; // prettier-ignore
    comparisons.push(...(await benchCheckpoints(stage, sizes)));
  }
  return comparisons;
}
