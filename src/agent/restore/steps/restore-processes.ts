import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FailureError } from '../../../protocol/failure.js';
import { rootLineOf, tailOf } from '../../engines/criu-log.js';
import type { ToolCommand } from '../../engines/tool-process.js';
import { CRIU_DIRECTORY } from '../../image-store/store-layout.js';
import { killContainerProcesses } from '../container-processes.js';
import { tcpDecision } from '../tcp-decision.js';
import type { RestoreAttempt, RestoreStep } from '../restore-step.js';

const run = promisify(execFile);
/** Where the shim put the container's own stdin, stdout and stderr. */
const CONTAINER_STREAMS = [3, 4, 5];
const DELETE_LIMIT_MS = 30_000;

/** runc and CRIU bring the processes back, stopped. */
export const restoreProcesses: RestoreStep = {
  name: 'restore-processes',
  async run(attempt) {
    const { call, bundle, image, journal, runc, deadline, logDir, seconds } = attempt;
    await journal.record({ processes: true });
    const limitMs = deadline.remainingMs;
    const command = await runc.restore({
      root: call.root,
      bundle: call.bundle,
      imagePath: join(image.directory, CRIU_DIRECTORY),
      workPath: logDir,
      id: call.id,
      pidFile: call.pidFile ?? join(logDir, 'pid'),
      consoleSocket: call.consoleSocket ?? undefined,
      tcp: tcpDecision(image.manifest.tcpLocalAddresses, bundle.hostNetwork),
      timeoutMs: limitMs,
    });
    const started = performance.now();
    const ended = await runRestore(asCalled(command, attempt), limitMs);
    seconds.restore = (performance.now() - started) / 1000;
    if (ended !== null) throw await restoreFailure(ended, logDir, limitMs);
  },

  async undo({ conf, call, journal }) {
    if (!journal.changes.processes) return;
    await killContainerProcesses(call.id);
    const deletion = ['--root', call.root, ...call.globalOptions, 'delete', '--force', call.id];
    await run(conf.runc, deletion, { timeout: DELETE_LIMIT_MS });
  },
};

/** With the options Docker gave for this container, and runc's messages kept out of the job's log. */
function asCalled({ command, args, env }: ToolCommand, { call, logDir }: RestoreAttempt): ToolCommand {
  const own = args.indexOf('restore') + 1;
  const global = ['--log', join(logDir, 'runc.log'), '--log-format', 'json', ...call.globalOptions];
  return { command, args: [...global, ...args.slice(0, own), ...call.createOptions, ...args.slice(own)], env };
}

/** null when it succeeded. Killed with all it started (but the container, which has sessions of its own) at the limit. */
async function runRestore({ command, args, env }: ToolCommand, limitMs: number): Promise<string | null> {
  const runc = spawn(command, args, { env, detached: true, stdio: CONTAINER_STREAMS });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    if (runc.pid !== undefined) process.kill(-runc.pid, 'SIGKILL');
  }, limitMs);
  try {
    return await new Promise((resolve) => {
      runc.on('error', (error) => resolve(error.message));
      runc.on('exit', (code, signal) => resolve(code === 0 ? null : late ? 'late' : `runc ended with ${code ?? signal}`));
    });
  } finally {
    clearTimeout(timer);
  }
}

async function restoreFailure(ended: string, logDir: string, limitMs: number): Promise<FailureError> {
  if (ended === 'late') {
    const message = `CRIU had not restored the processes after ${Math.round(limitMs / 1000)} s and was stopped`;
    return new FailureError({ code: 'restore-timed-out', message, remedy: `see ${logDir}/restore.log` });
  }
  const logLine = (await rootLineOf(join(logDir, 'restore.log'))) ?? (await lastRuncError(join(logDir, 'runc.log')));
  return new FailureError({
    code: 'criu-restore-failed',
    message: `the processes could not be restored: ${ended}`,
    remedy: `see restore.log and runc.log in ${logDir}`,
    ...(logLine === undefined ? {} : { logLine }),
  });
}

/** One JSON object a line. */
async function lastRuncError(path: string): Promise<string | undefined> {
  const text = await tailOf(path);
  return /"msg":"((?:[^"\\]|\\.)*)"/.exec(text?.trim().split('\n').at(-1) ?? '')?.[1];
}
