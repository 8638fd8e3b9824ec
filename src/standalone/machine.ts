import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from './package-root.js';

/** Whether this machine can run an agent, and when not, what to tell the user, a line each. */
export type Machine = { capable: true; criuDir: string } | { capable: false; missing: string[] };

const script = (): string => join(packageRoot(), 'deploy', 'prerequisites.sh');

function prerequisites(...args: string[]): { ok: boolean; lines: string[] } {
  const run = spawnSync('sh', [script(), ...args], { encoding: 'utf8', timeout: 60_000 });
  if (run.error) return { ok: false, lines: [`${script()} cannot run: ${run.error.message}`] };
  const lines = `${run.stdout}${run.stderr}`.split('\n').filter((line) => line !== '');
  return { ok: run.status === 0, lines: lines.map((line) => line.replace(/^prerequisites: (missing: )?/, '')) };
}

/** Changes nothing. `demo` also asks for the programs the demo and the tests use. */
export function examineMachine({ demo = false } = {}): Machine {
  const check = prerequisites('--check', ...(demo ? ['--demo'] : []));
  if (!check.ok) return { capable: false, missing: check.lines };
  const criu = prerequisites('--criu-dir');
  return criu.ok ? { capable: true, criuDir: criu.lines[0] ?? '' } : { capable: false, missing: criu.lines };
}

/** Installs what is missing where it can (root on Debian or Ubuntu), saying what it does on this terminal. */
export function installPrerequisites(): void {
  spawnSync('sh', [script(), '--demo'], { stdio: ['ignore', 'inherit', 'inherit'] });
}
