/**
 * `npm test`: installs what is missing to test with real containers where it can, builds, runs every tier, and ends with
 * a line of counts. `npm test -- <jest arguments>` runs Jest with those instead of everything.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import './build-when-stale.js';
import { unseenAnswers } from './unseen-answers.js';

const root = join(import.meta.dirname, '..');
const counts = { passed: 0, failed: 0, skipped: 0 };
let ok = true;

function jest(args) {
  const work = mkdtempSync(join(tmpdir(), 'bp-jest-'));
  const results = join(work, 'results.json');
  const run = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings=ExperimentalWarning',
      join(root, 'node_modules/jest/bin/jest.js'),
      // What a failed test leaves open must not keep the run from ending; what it leaves running is reported.
      '--forceExit',
      '--json',
      `--outputFile=${results}`,
      ...args,
    ],
    // The report Jest prints for people goes to stderr; its stdout would be the JSON again.
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings=ExperimentalWarning`,
      },
    },
  );
  ok &&= run.status === 0;
  try {
    const report = JSON.parse(readFileSync(results, 'utf8'));
    counts.passed += report.numPassedTests;
    // A file that cannot even be loaded is a failure too, and has no tests to count.
    counts.failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
    counts.skipped += report.numPendingTests + report.numTodoTests;
  } catch (error) {
    ok = false;
    console.error(`Jest ended without a report: ${error.message}`);
  }
  rmSync(work, { recursive: true, force: true });
}

const prerequisites = spawnSync('sh', [join(root, 'deploy/prerequisites.sh'), '--demo'], { stdio: ['ignore', 2, 2] });
if (prerequisites.status !== 0) console.error('Tests with real containers need the above and are skipped, by name.');
const emulator = spawnSync('sh', [join(root, 'test/support/install-moto.sh')], { stdio: ['ignore', 2, 2] });
if (emulator.status !== 0) console.error('Tests against an emulator of AWS need the above and are skipped, by name.');

const given = process.argv.slice(2);
if (given.length > 0) {
  jest(['--runInBand', ...given]);
} else {
  const answers = mkdtempSync(join(tmpdir(), 'bp-answers-'));
  process.env.BPTEST_ANSWERS = answers;
  jest(['--selectProjects', 'unit', 'server', '--maxWorkers=50%']);
  delete process.env.BPTEST_ANSWERS;
  for (const pair of unseenAnswers(answers)) {
    ok = false;
    counts.failed += 1;
    console.error(`documented in openapi/openapi.json, and produced by no test: ${pair}`);
  }
  rmSync(answers, { recursive: true, force: true });
  // One at a time: they measure time, and each has Docker Engines of its own.
  jest(['--selectProjects', 'containers', '--runInBand']);
}
if (!ok && counts.failed === 0) counts.failed = 1; // leftovers, skips under CI, or a crash of Jest itself: said above
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(ok ? 0 : 1);
