import { Bundle } from './bundle.js';
import { parseCreateCall } from './create-call.js';
import { Deadline } from './deadline.js';
import { JobStart } from './job-start.js';
import { RestoreJournal } from './restore-journal.js';
import { RestoreLog } from './restore-log.js';
import { undoAll } from './restore-pipeline.js';
import { readRuntimeConf } from './runtime-conf.js';

/** What the shim does next; src/runtime/batchpoint-runc knows the same numbers. Any other code means: undo, then start fresh. */
const RESTORED = 0;
const START_FRESH = 75;
const CRASHED = 70;

/**
 * `batchpoint shim-create restore|undo <conf file> -- <runc's arguments>`: called by the shim when a job's container is
 * created, with the container's own streams as descriptors 3, 4 and 5. Restores the container and holds it until `start`, or leaves
 * everything as it was for a fresh start. Needs no agent. Resolves to the exit code; never rejects.
 */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    return await createContainer(argv);
  } catch (error) {
    process.stdout.write(
      `${new Date().toISOString()} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return CRASHED;
  }
}

async function createContainer(argv: readonly string[]): Promise<number> {
  const [mode, confFile, , ...runcArguments] = argv;
  if ((mode !== 'restore' && mode !== 'undo') || confFile === undefined) {
    throw new Error('shim-create is called by the runtime shim: shim-create restore|undo CONF -- RUNC-ARGUMENTS');
  }
  const conf = readRuntimeConf(confFile);
  const call = parseCreateCall(runcArguments);
  const log = new RestoreLog(call.id);
  RestoreLog.rotate(conf.stateDir);

  const interrupted = RestoreJournal.find(conf.stateDir, call.id);
  if (interrupted !== null) {
    log.write(`undoing an interrupted restore from checkpoint ${interrupted.changes.checkpointId}`);
    await undoAll({ conf, call, journal: interrupted, log });
  }
  if (mode === 'undo') return START_FRESH;

  const deadline = new Deadline(conf.restoreLimitSeconds);
  const restored = await new JobStart(conf, call, Bundle.read(call.bundle), deadline, log).run();
  // A read that hangs in the kernel would keep an orderly exit waiting for ever.
  if (deadline.abandonedWork) process.kill(process.pid, 'SIGKILL');
  return restored ? RESTORED : START_FRESH;
}
