import { execFile } from 'node:child_process';
import type { HostFinding } from '../../protocol/host-facts.js';

/** What `doctor` looks at; the same settings as the agent's. */
export interface HostExamination {
  stateDir: string;
  dockerSocket: string;
  criuDir: string;
  runc: string | null;
}

export const ok = (check: string, message: string): HostFinding => ({ check, severity: 'ok', message });
export const info = (check: string, message: string): HostFinding => ({ check, severity: 'info', message });
export const warning = (check: string, message: string, remedy: string): HostFinding => ({
  check,
  severity: 'warning',
  message,
  remedy,
});
export const error = (check: string, message: string, remedy: string): HostFinding => ({
  check,
  severity: 'error',
  message,
  remedy,
});

/** What installs everything of an agent host. */
export const PREREQUISITES = 'run deploy/prerequisites.sh as root';

export interface ToolOutcome {
  ok: boolean;
  /** stdout and stderr together. */
  output: string;
}

/** Runs a program to its end or for `limitMs`; a program that cannot be started is an outcome like any other. */
export function tryTool(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  limitMs = 15_000,
): Promise<ToolOutcome> {
  return new Promise((resolve) => {
    execFile(command, args, { env, timeout: limitMs, killSignal: 'SIGKILL' }, (failed, stdout, stderr) => {
      const output = `${stdout}${stderr}`.trim();
      resolve({ ok: failed === null, output: output || (failed?.message ?? '') });
    });
  });
}
