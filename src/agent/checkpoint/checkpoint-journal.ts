import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CHECKPOINT_TRIGGERS } from '../../protocol/checkpoint-state.js';
import { isMissing } from '../image-store/storage-failure.js';

const recordSchema = z.object({
  checkpointId: z.string(),
  jobId: z.string(),
  containerId: z.string(),
  trigger: z.enum(CHECKPOINT_TRIGGERS),
  storageId: z.string(),
  startedAt: z.string(),
  /** Present from just before the container is frozen until it is thawed. */
  frozen: z
    .object({ path: z.string(), version: z.union([z.literal(1), z.literal(2)]), guardPid: z.number().int() })
    .nullable(),
});
export type JournalRecord = z.infer<typeof recordSchema>;

/**
 * A checkpoint at work, written down on this host's disk so that an agent that was killed finds what to clean up and
 * to report. It does not outlive a reboot's meaning: then there is no container either.
 */
export class CheckpointJournal {
  private constructor(
    private readonly directory: string,
    private record: JournalRecord,
  ) {}

  static async open(stateDir: string, record: JournalRecord): Promise<CheckpointJournal> {
    const journal = new CheckpointJournal(journalDirectory(stateDir), record);
    await mkdir(journal.workPath, { recursive: true, mode: 0o700 });
    await journal.save();
    return journal;
  }

  /** What an earlier process left, oldest first. A damaged record is removed: it says nothing any more. */
  static async leftBehind(stateDir: string): Promise<{ record: JournalRecord; close: () => Promise<void> }[]> {
    const directory = journalDirectory(stateDir);
    const found: { record: JournalRecord; close: () => Promise<void> }[] = [];
    for (const name of (await namesIn(directory)).filter((candidate) => candidate.endsWith('.json')).sort()) {
      const record = parseRecord(await readFile(join(directory, name), 'utf8'));
      if (record === null) await rm(join(directory, name), { force: true });
      else found.push({ record, close: () => new CheckpointJournal(directory, record).close() });
    }
    return found;
  }

  /** For CRIU's logs and configuration. */
  get workPath(): string {
    return join(this.directory, this.record.checkpointId);
  }

  async setFrozen(frozen: JournalRecord['frozen']): Promise<void> {
    this.record = { ...this.record, frozen };
    await this.save();
  }

  /** The checkpoint has come to its end. `keepLogs` leaves {@link workPath} for a person to read. */
  async close(keepLogs = false): Promise<void> {
    if (!keepLogs) await rm(this.workPath, { recursive: true, force: true });
    await rm(this.file, { force: true });
  }

  private get file(): string {
    return join(this.directory, `${this.record.checkpointId}.json`);
  }

  private async save(): Promise<void> {
    const temporary = `${this.file}.tmp`;
    await writeFile(temporary, `${JSON.stringify(this.record)}\n`, { mode: 0o600 });
    await rename(temporary, this.file);
  }
}

function journalDirectory(stateDir: string): string {
  return join(stateDir, 'checkpoints');
}

function parseRecord(text: string): JournalRecord | null {
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
