import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { FINDING_SEVERITIES, type HostFinding } from '../protocol/host-facts.js';
import { examineHost, hostProblem } from './doctor.js';
import { table } from './doctor-command.js';

const ROOT = join(import.meta.dirname, '..', '..');
const NOTHING = { stateDir: '/tmp/bp-doctor-none', dockerSocket: '/nowhere/docker.sock', criuDir: '', runc: null };

/** `batchpoint doctor`, as a user runs it. */
function doctor(args: string[], prefix: string[] = []): { code: number | null; stdout: string; stderr: string } {
  const program = [
    '--import',
    join(ROOT, 'test/support/typescript-loader.mjs'),
    join(ROOT, 'src/main.ts'),
    'doctor',
    ...args,
  ];
  const [command, ...rest] = [...prefix, process.execPath, ...program];
  const env = { PATH: '/usr/bin:/bin', BPTEST_RUN: process.env['BPTEST_RUN'] ?? '' };
  const { status, stdout, stderr } = spawnSync(command!, rest, { encoding: 'utf8', env });
  return { code: status, stdout, stderr };
}

describe('examineHost', () => {
  it('says what is missing and what to do, on a machine without Docker, runc and storage', async () => {
    const findings = await examineHost(NOTHING);
    for (const { severity, check, message, remedy } of findings) {
      expect(FINDING_SEVERITIES).toContain(severity);
      expect([check, message]).not.toContain('');
      if (severity === 'error' || severity === 'warning') expect(remedy).toBeTruthy();
    }
    const errors = findings.filter(({ severity }) => severity === 'error').map(({ check }) => check);
    if (process.platform === 'linux') expect(errors).toEqual(expect.arrayContaining(['runc', 'docker']));
    else expect(errors).toEqual(['platform']);
    expect(hostProblem(findings)?.code).toBe('host-not-ready');
  });
});

describe('hostProblem', () => {
  const finding = (check: string, severity: HostFinding['severity']): HostFinding => ({
    check,
    severity,
    message: 'm',
    remedy: 'r',
  });

  it('is what no container of the host can be checkpointed without', () => {
    expect(hostProblem([finding('criu-trial', 'error')])).toMatchObject({ code: 'host-not-ready', remedy: 'r' });
    expect(hostProblem([finding('storage', 'error'), finding('criu', 'warning'), finding('disk', 'error')])).toBeNull();
  });
});

describe('batchpoint doctor', () => {
  it('prints a table with remedies, and what it comes to', () => {
    const text = table([
      { check: 'root', severity: 'ok', message: 'runs as root' },
      { check: 'criu-check', severity: 'error', message: 'broken', remedy: 'mend it' },
    ]);
    expect(text.split('\n').slice(0, 3)).toEqual([
      'ok       root        runs as root',
      'error    criu-check  broken',
      '                     -> mend it',
    ]);
    expect(text).toContain('1 errors, 0 warnings');
  });

  it('exits 1 with errors, prints JSON on request, and 2 when called wrongly', () => {
    const asked = doctor(['--json', '--docker-socket', '/nowhere/docker.sock']);
    expect(asked.code).toBe(1);
    const answer = JSON.parse(asked.stdout) as { ok: boolean; findings: HostFinding[] };
    expect(answer.ok).toBe(false);
    expect(answer.findings.find(({ check }) => check === 'docker' || check === 'platform')?.severity).toBe('error');
    const wrong = doctor(['--colour']);
    expect([wrong.code, wrong.stdout]).toEqual([2, '']);
    expect(wrong.stderr).toContain('--colour');
  }, 60_000);
});
