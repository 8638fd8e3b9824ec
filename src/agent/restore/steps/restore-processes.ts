import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CRIU_DIRECTORY } from '../../image-store/store-layout.js';
import { killContainerProcesses } from '../container-processes.js';
import { unmountBelow } from '../mounts-below.js';
import type { RestoreAttempt, RestoreStep, UndoContext } from '../restore-step.js';
import { asCalled, runRestore } from '../runc-restore.js';
import { tcpDecision } from '../tcp-decision.js';
import { UnusedConsole } from '../unused-console.js';

const run = promisify(execFile);
const DELETE_LIMIT_MS = 30_000;

/** runc and CRIU bring the processes back, stopped. */
export const restoreProcesses: RestoreStep = {
  name: 'restore-processes',
  async run(attempt) {
    const { call, image, journal, seconds } = attempt;
    await journal.record({ processes: true });
    if (call.consoleSocket !== null) await rehearse(attempt);
    const started = performance.now();
    await restore(attempt, call.consoleSocket, tcpDecision(image.manifest));
    seconds.restore = (performance.now() - started) / 1000;
  },
  undo: removeProcesses,
};

async function restore(attempt: RestoreAttempt, consoleSocket: string | null, tcp: 'keep' | 'close'): Promise<void> {
  const { call, image, runc, deadline, logDir } = attempt;
  const limitMs = deadline.remainingMs;
  const command = await runc.restore({
    root: call.root,
    bundle: call.bundle,
    imagePath: join(image.directory, CRIU_DIRECTORY),
    workPath: logDir,
    id: call.id,
    pidFile: call.pidFile ?? join(logDir, 'pid'),
    consoleSocket: consoleSocket ?? undefined,
    tcp,
    timeoutMs: limitMs,
    gpu: (image.manifest.gpus ?? []).length > 0,
  });
  await runRestore(asCalled(command, attempt), logDir, limitMs);
}

/**
 * Containerd listens for one terminal only: were it offered the one of a restore that fails, the fresh container could
 * not have any. So with a terminal a restore is tried out first. Its processes never run; connections are not touched.
 */
async function rehearse(attempt: RestoreAttempt): Promise<void> {
  const console = await UnusedConsole.open();
  try {
    await restore(attempt, console.path, 'close');
    await removeProcesses(attempt);
  } finally {
    await console.close();
  }
}

async function removeProcesses({ conf, call, journal }: UndoContext): Promise<void> {
  if (!journal.changes.processes) return;
  await killContainerProcesses(call.id);
  // `runc delete` empties this directory, through mounts too.
  await unmountBelow(join(call.root, call.id));
  const deletion = ['--root', call.root, ...call.globalOptions, 'delete', '--force', call.id];
  await run(conf.runc, deletion, { timeout: DELETE_LIMIT_MS });
}
