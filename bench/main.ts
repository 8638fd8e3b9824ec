/**
 * `npm run bench`: Batchpoint beside the bare thing it builds on, in one run on one machine; only the ratios mean anything
 * elsewhere. Prints the table and writes it to docs/performance.md. `-- --quick` takes about a minute and writes nothing;
 * `-- checkpoints`, `-- shim`, `-- routes` run one part.
 */
import { join } from 'node:path';
import { benchCheckpoints } from './checkpoints.js';
import { type Comparison, describeMachine } from './measure.js';
import { toTable, writeReport } from './report.js';
import { benchRoutes } from './routes.js';
import { benchShimStart } from './shim-start.js';
import { setStage } from './stage.js';

const args = process.argv.slice(2);
const quick = args.includes('--quick');
const parts = args.filter((argument) => !argument.startsWith('--'));
const known = ['checkpoints', 'shim', 'routes'];
const unknown = [
  ...parts.filter((part) => !known.includes(part)),
  ...args.filter((argument) => argument.startsWith('--') && argument !== '--quick'),
];
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(' ')}. Parts: ${known.join(', ')}; option: --quick`);
  process.exit(2);
}
const wanted = (part: string): boolean => parts.length === 0 || parts.includes(part);

const stage = await setStage();
let stopped = false;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (stopped) return;
    stopped = true;
    void stage.strike().finally(() => process.exit(130));
  });
}
try {
  const comparisons: Comparison[] = [];
  if (wanted('shim')) comparisons.push(...(await benchShimStart(stage, quick ? 8 : 120)));
  if (wanted('routes')) comparisons.push(...(await benchRoutes(stage, quick ? 2 : 5, quick ? 1500 : 4000)));
  if (wanted('checkpoints')) {
    const sizes = quick
      ? [{ mib: 64, repeats: 3 }]
      : [{ mib: 64, repeats: 9 }, { mib: 512, repeats: 7 }, { mib: 2048, repeats: 5 }]; // prettier-ignore
    comparisons.push(...(await benchCheckpoints(stage, sizes)));
  }
  const machine = describeMachine(stage.dir, stage.criuDir);
  console.log(`\n${machine}\n\n${toTable(comparisons)}`);
  if (!quick && parts.length === 0)
    await writeReport(join(import.meta.dirname, '../docs/performance.md'), machine, comparisons);
} finally {
  await stage.strike();
}
