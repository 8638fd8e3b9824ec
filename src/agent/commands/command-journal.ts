import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandResult } from '../../protocol/agent-api.js';
import { readIfPresent, replaceFile } from '../image-store/durable-files.js';

/** What the agent did about a command. `result` null: begun. `sent`: the server has the result. */
export interface JournalEntry {
  commandId: string;
  begunAt: string;
  result: CommandResult | null;
  sent: boolean;
}

/** Repeats of an answered command are recognised for this long. */
const KEPT_MS = 24 * 3_600_000;

/** `<state>/commands/<command id>.json`: written before acting, so that a command delivered twice is carried out once. */
export class CommandJournal {
  private readonly directory: string;
  private readonly entries = new Map<string, JournalEntry>();

  constructor(stateDir: string) {
    this.directory = join(stateDir, 'commands');
  }

  async open(now = Date.now()): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.directory)) {
      const entry = parse(await readIfPresent(join(this.directory, name)));
      if (entry !== null && name === `${entry.commandId}.json`) this.entries.set(entry.commandId, entry);
      else await rm(join(this.directory, name), { force: true });
    }
    await this.sweep(now);
  }

  find(commandId: string): JournalEntry | null {
    return this.entries.get(commandId) ?? null;
  }

  /** Results the server does not have yet, oldest first. */
  unsent(): JournalEntry[] {
    return [...this.entries.values()].filter((entry) => entry.result !== null && !entry.sent);
  }

  async begin(commandId: string, now = Date.now()): Promise<void> {
    await this.write({ commandId, begunAt: new Date(now).toISOString(), result: null, sent: false });
  }

  async finish(commandId: string, result: CommandResult): Promise<void> {
    await this.write({ ...this.entryOf(commandId), result, sent: false });
  }

  async markSent(commandId: string, now = Date.now()): Promise<void> {
    await this.write({ ...this.entryOf(commandId), sent: true });
    await this.sweep(now);
  }

  private entryOf(commandId: string): JournalEntry {
    return this.entries.get(commandId) ?? { commandId, begunAt: new Date().toISOString(), result: null, sent: false };
  }

  private async write(entry: JournalEntry): Promise<void> {
    // Remembered even where the disk refuses: while this process lives the command is not carried out twice.
    this.entries.set(entry.commandId, entry);
    await replaceFile(join(this.directory, `${entry.commandId}.json`), JSON.stringify(entry));
  }

  private async sweep(now: number): Promise<void> {
    for (const entry of this.entries.values()) {
      if (!entry.sent || now - Date.parse(entry.begunAt) < KEPT_MS) continue;
      this.entries.delete(entry.commandId);
      await rm(join(this.directory, `${entry.commandId}.json`), { force: true });
    }
  }
}

function parse(text: string | null): JournalEntry | null {
  try {
    const entry = JSON.parse(text ?? 'null') as JournalEntry | null;
    return typeof entry?.commandId === 'string' && typeof entry.sent === 'boolean' ? entry : null;
  } catch {
    return null;
  }
}
