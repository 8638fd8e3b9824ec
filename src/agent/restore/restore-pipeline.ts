import { rmSync } from 'node:fs';
import { toFailure, type Failure } from '../../protocol/failure.js';
import type { RestoreAttempt, RestoreStep, UndoContext } from './restore-step.js';
import { applyWritableLayer } from './steps/apply-writable-layer.js';
import { checkBindMountFiles } from './steps/check-bind-mount-files.js';
import { checkContainer } from './steps/check-container.js';
import { checkHost } from './steps/check-host.js';
import { holdUntilStart } from './steps/hold-until-start.js';
import { resolveMountSources } from './steps/resolve-mount-sources.js';
import { restoreProcesses } from './steps/restore-processes.js';
import { rollBackBindMountFiles } from './steps/roll-back-bind-mount-files.js';
import { verifyImage } from './steps/verify-image.js';

/** What a restore is. The first four only look; from then on every step can be undone. */
const STEPS: readonly RestoreStep[] = [
  checkHost,
  checkContainer,
  checkBindMountFiles,
  verifyImage,
  applyWritableLayer,
  rollBackBindMountFiles,
  resolveMountSources,
  restoreProcesses,
  holdUntilStart,
];

/** The shim. When it is killed, because Docker gave up, nobody will start what is restored here. */
const CALLER = process.ppid;

/** What could not be put back: a fresh start would run on top of half an image. */
export class CannotUndoError extends Error {
  constructor(step: string, cause: unknown) {
    super(`undoing ${step} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'CannotUndoError';
  }
}

/** Restores; null when the container stands, held. Otherwise why not, everything undone. Throws only {@link CannotUndoError}. */
export async function restoreFrom(attempt: RestoreAttempt): Promise<Failure | null> {
  let current = STEPS[0]!;
  try {
    for (current of STEPS) {
      attempt.deadline.check();
      checkStillWanted();
      // A step that changes something ends by itself before the deadline; leaving it running would race with its undoing.
      await (current.undo === undefined ? attempt.deadline.limit(current.run(attempt)) : current.run(attempt));
    }
    checkStillWanted();
    // Docker finds its bundle as it wrote it.
    await resolveMountSources.undo?.(attempt);
    attempt.journal.close();
  } catch (error) {
    const failure = toFailure(error, current.name);
    attempt.log.write(`checkpoint ${attempt.image.name}: ${describe(failure)}`);
    await undoAll(attempt);
    return failure;
  }
  dropWhatWasKept(attempt);
  return null;
}

function checkStillWanted(): void {
  if (process.ppid !== CALLER) throw new Error('Docker gave up starting this container');
}

/** Idempotent. Throws {@link CannotUndoError}; the journal then stays. */
export async function undoAll(context: UndoContext): Promise<void> {
  for (const step of STEPS.toReversed()) {
    try {
      await step.undo?.(context);
    } catch (error) {
      context.log.write(`undoing ${step.name}: ${error instanceof Error ? error.message : String(error)}`);
      throw new CannotUndoError(step.name, error);
    }
  }
  context.journal.close();
}

/** Docker's own upper directory and the ends of files were kept for undoing; nobody else knows of them. */
function dropWhatWasKept({ journal, log }: RestoreAttempt): void {
  const { layer, cutFiles } = journal.changes;
  try {
    if (layer !== null) rmSync(layer.savedDir, { recursive: true, force: true });
    for (const { tailFile } of cutFiles) rmSync(tailFile, { force: true });
  } catch (error) {
    log.write(`left behind after the restore: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** One line: the reason, the tool's own words, the code. */
export function describe(failure: Failure): string {
  const where = failure.step === undefined ? '' : ` at ${failure.step}`;
  const log = failure.logLine === undefined ? '' : ` [${failure.logLine}]`;
  return `${failure.message}${log} (${failure.code}${where})`;
}
