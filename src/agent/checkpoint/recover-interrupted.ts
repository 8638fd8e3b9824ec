import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckpointImage } from '../../protocol/agent-api.js';
import { toFailure, type Failure } from '../../protocol/failure.js';
import { GUARD_NAME } from '../engines/freeze-guard.js';
import { Freezer } from '../engines/freezer.js';
import type { ImageStore } from '../image-store/image-store.js';
import { isReadable } from '../image-store/stored-image.js';
import { CheckpointJournal, type JournalRecord } from './checkpoint-journal.js';
import { toCheckpointImage } from './checkpoint-image.js';

/** A checkpoint that an earlier agent process did not bring to its end: what became of it. */
export type InterruptedCheckpoint = Pick<JournalRecord, 'checkpointId' | 'jobId' | 'containerId' | 'trigger'> &
  ({ status: 'committed'; image: CheckpointImage } | { status: 'failed'; failure: Failure });

/** How long to wait for a dump that the killed agent's guard still lets finish. */
const GUARD_LIMIT_MS = 5_000;

/**
 * To be called when the agent starts, before it takes checkpoints: continues containers, removes staging directories,
 * and says what became of each, to `tell` before it is forgotten. Without the store (not known or not mounted yet)
 * containers are continued and nothing is returned; call again with the store.
 */
export async function recoverInterrupted(
  stateDir: string,
  store: ImageStore | null,
  tell: (found: InterruptedCheckpoint) => Promise<void> = () => Promise.resolve(),
): Promise<InterruptedCheckpoint[]> {
  const outcomes: InterruptedCheckpoint[] = [];
  for (const { record, close } of await CheckpointJournal.leftBehind(stateDir)) {
    if (record.frozen !== null) await thawLeftFrozen(record.frozen);
    if (store === null) continue;
    const outcome = await outcomeOf(record, store);
    await tell(outcome);
    outcomes.push(outcome);
    await close();
  }
  return outcomes;
}

/** The guard thaws when CRIU is done; where it is gone too, or takes long, the container is thawed here. */
async function thawLeftFrozen({ path, version, guardPid }: NonNullable<JournalRecord['frozen']>): Promise<void> {
  const deadline = performance.now() + GUARD_LIMIT_MS;
  while ((await isGuard(guardPid)) && performance.now() < deadline) await sleep(20);
  // A guard still at work waits for CRIU: to thaw under it would spoil nothing but the dump, which is lost anyway.
  await Freezer.at(path, version).thaw();
}

/** Process ids are used again: only a process that carries the guard's name is one. */
async function isGuard(pid: number): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').includes(GUARD_NAME);
}

async function outcomeOf(record: JournalRecord, store: ImageStore): Promise<InterruptedCheckpoint> {
  const { checkpointId, jobId, containerId, trigger, storageId } = record;
  const about = { checkpointId, jobId, containerId, trigger };
  try {
    const entry = await store.find(jobId, checkpointId);
    if (entry !== null && isReadable(entry)) {
      try {
        await store.records.checkOwnedBy(jobId, containerId);
      } catch (error) {
        await store.remove(jobId, checkpointId);
        throw error;
      }
      return { ...about, status: 'committed', image: toCheckpointImage(entry, store, storageId) };
    }
    await store.discardStaging(store.stagingOf(jobId, checkpointId));
  } catch (error) {
    return { ...about, status: 'failed', failure: toFailure(error, 'commit') };
  }
  const failure: Failure = {
    code: 'agent-restarted',
    message: 'the agent was stopped or killed while it took this checkpoint; the job ran on',
    remedy: 'trigger the checkpoint again',
  };
  return { ...about, status: 'failed', failure };
}
