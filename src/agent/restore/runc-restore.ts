import { spawn } from 'node:child_process';
import { statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { FailureError } from '../../protocol/failure.js';
import { rootLineOf, tailOf } from '../engines/criu-log.js';
import type { ToolCommand } from '../engines/tool-process.js';
import { formatBytes } from '../format-bytes.js';
import type { RestoreAttempt } from './restore-step.js';

/** Where the shim put the container's own stdin, stdout and stderr. */
const CONTAINER_STREAMS = [3, 4, 5];
const CRIU_LOG = 'restore.log';
/** Hundreds of processes make a few MiB. */
const MOST_LOG_BYTES = 64 * 1024 * 1024;
/** What is kept of the log of a failed restore. */
const KEPT_LOG_BYTES = 4 * 1024 * 1024;
const LATE = 'late';

/**
 * With the options Docker gave for this container, and runc's messages kept out of the job's log. In a mount namespace of
 * its own: runc and CRIU mount the container's root, its volumes and the cgroups in their working directories, and
 * when they are killed those mounts must go with them.
 */
export function asCalled(
  { command, args, env }: ToolCommand,
  { call, logDir }: Pick<RestoreAttempt, 'call' | 'logDir'>,
): ToolCommand {
  const own = args.indexOf('restore') + 1;
  const global = ['--log', join(logDir, 'runc.log'), '--log-format', 'json', ...call.globalOptions];
  const restore = [...global, ...args.slice(0, own), ...call.createOptions, ...args.slice(own)];
  return { command: 'unshare', args: ['--mount', '--propagation', 'slave', '--', command, ...restore], env };
}

/**
 * Throws `restore-timed-out` or `criu-restore-failed`. runc is killed, with all it started but the container (which has
 * sessions of its own), at the limit and when CRIU's log grows without end: on some damaged images it goes round in
 * circles, writing a line each time.
 */
export async function runRestore(tool: ToolCommand, logDir: string, limitMs: number): Promise<void> {
  const ended = await outcomeOf(tool, logDir, limitMs);
  if (ended !== null) throw await restoreFailure(ended, logDir, limitMs);
}

/** null when it succeeded. */
async function outcomeOf({ command, args, env }: ToolCommand, logDir: string, limitMs: number): Promise<string | null> {
  const runc = spawn(command, args, { env, detached: true, stdio: CONTAINER_STREAMS });
  let killedFor: string | null = null;
  const kill = (why: string): void => {
    killedFor ??= why;
    try {
      if (runc.pid !== undefined) process.kill(-runc.pid, 'SIGKILL');
    } catch {
      // Ended in this moment.
    }
  };
  const timer = setTimeout(() => kill(LATE), limitMs);
  const watch = setInterval(() => {
    const size = statSync(join(logDir, CRIU_LOG), { throwIfNoEntry: false })?.size ?? 0;
    if (size > MOST_LOG_BYTES) kill(`CRIU was stopped because its log had grown to ${formatBytes(size)}`);
  }, 200);
  try {
    return await new Promise((resolve) => {
      runc.on('error', (error) => resolve(error.message));
      runc.on('exit', (code, signal) =>
        resolve(code === 0 ? null : (killedFor ?? `runc ended with ${code ?? signal}`)),
      );
    });
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
  }
}

async function restoreFailure(ended: string, logDir: string, limitMs: number): Promise<FailureError> {
  if (ended === LATE) {
    const message = `CRIU had not restored the processes after ${Math.round(limitMs / 1000)} s and was stopped`;
    return new FailureError({ code: 'restore-timed-out', message, remedy: `see ${join(logDir, CRIU_LOG)}` });
  }
  const criuLog = join(logDir, CRIU_LOG);
  const logLine = (await rootLineOf(criuLog)) ?? (await lastRuncError(join(logDir, 'runc.log')));
  if ((statSync(criuLog, { throwIfNoEntry: false })?.size ?? 0) > KEPT_LOG_BYTES) truncateSync(criuLog, KEPT_LOG_BYTES);
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
