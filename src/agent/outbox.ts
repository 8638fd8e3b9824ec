import { readdirSync, watch } from 'node:fs';
import { mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report, ReportBody } from '../protocol/agent-api.js';
import { newId } from '../protocol/ids.js';
import { replaceFile, syncDirectory } from './image-store/durable-files.js';

/** Above this many unsent reports the oldest informational ones make room. 20,000 small files are about 80 MB. */
const MOST_REPORTS = 20_000;
/** Given back to the file system when it is full, so that outcomes can still be written: 128 reports of one block. */
const RESERVE_BYTES = 512 * 1024;
const RESERVE = '.reserve';
const REPORT_NAME = /^rep_[0-9a-f-]+\.json$/;

/** True for what the history can do without: progress and remarks. Outcomes and ends of containers never go. */
export function isInformational(report: ReportBody): boolean {
  switch (report.type) {
    case 'job-event':
      return true;
    case 'checkpoint':
    case 'restore':
      return report.status === 'running';
    case 'container':
      return report.status === 'created' || report.status === 'running';
  }
}

/**
 * Puts a report where the agent will send it from. For any process of the host: the restore program uses it while no
 * agent runs. When it returns, the report survives a power cut.
 */
export async function spoolReport(outboxDirectory: string, body: ReportBody, now = Date.now()): Promise<Report> {
  await mkdir(outboxDirectory, { recursive: true, mode: 0o700 });
  const report: Report = { id: newId('report'), at: new Date(now).toISOString(), ...body };
  await replaceFile(join(outboxDirectory, `${report.id}.json`), JSON.stringify(report));
  return report;
}

export interface OutboxOptions {
  mostReports?: number;
  onTrouble?: (message: string) => void;
}

/**
 * Reports waiting for the server, one file each, outcomes fsynced, sent in order of name (ids sort by time). At least once:
 * a file goes only after the server answered. On a full disk outcomes are kept, in memory at worst, and everything
 * dropped is counted.
 */
export class Outbox {
  /** Informational reports given up for want of room since the agent started. */
  dropped = 0;
  private readonly directory: string;
  private readonly refused: string;
  private readonly mostReports: number;
  /** The number of reports at which room is made next. */
  private limit: number;
  private readonly trouble: (message: string) => void;
  /** Outcomes the full disk did not take; written as soon as there is room. */
  private readonly unwritten: Report[] = [];
  private count = 0;
  private last: Promise<unknown> = Promise.resolve();
  private readonly listeners = new Set<() => void>();

  constructor(stateDir: string, options: OutboxOptions = {}) {
    this.directory = join(stateDir, 'outbox');
    this.refused = join(stateDir, 'refused');
    this.mostReports = options.mostReports ?? MOST_REPORTS;
    this.limit = this.mostReports;
    this.trouble = options.onTrouble ?? (() => undefined);
  }

  async open(): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await mkdir(this.refused, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.directory)) {
      // Half-written by a process that was killed: it never said that it had reported.
      if (name.endsWith('.tmp') && (await this.olderThan(name, 60_000)))
        await rm(join(this.directory, name), { force: true });
    }
    await this.refillReserve();
    this.count = (await this.names()).length;
  }

  /** Reports are stored in the order of the calls. Never throws for want of disk space. */
  add(body: ReportBody, now = Date.now()): Promise<void> {
    const report: Report = { id: newId('report'), at: new Date(now).toISOString(), ...body };
    this.last = this.last.then(() => this.store(report));
    return this.last as Promise<void>;
  }

  /** Reports not yet taken by the server. */
  get waiting(): number {
    return this.count + this.unwritten.length;
  }

  /** The oldest reports, at most `limit` and about `maxBytes`, oldest first. What cannot be read is set aside. */
  async next(limit: number, maxBytes = 512 * 1024): Promise<Report[]> {
    await this.writeUnwritten();
    const names = await this.names();
    this.count = names.length;
    const batch: Report[] = [];
    let bytes = 0;
    for (const name of names) {
      if (batch.length >= limit || bytes >= maxBytes) break;
      const text = await readFile(join(this.directory, name), 'utf8').catch(() => null);
      if (text === null) continue;
      const report = parseReport(text, name);
      if (report === null) {
        await this.setAside(name, 'not a report');
        continue;
      }
      batch.push(report);
      bytes += text.length;
    }
    return batch;
  }

  /** Forgets what the server has taken. */
  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) await rm(join(this.directory, `${id}.json`), { force: true });
    this.count = Math.max(0, this.count - ids.length);
    if (ids.length > 0) await this.refillReserve();
  }

  /** The server will never take this one: kept in `refused/` for a person, so that those behind it go on. */
  async refuse(id: string, reason: string): Promise<void> {
    await this.setAside(`${id}.json`, reason);
  }

  /** Resolves on the next report from this process or another, after `pollMs` at the latest, or on abort. */
  async changed(pollMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        watcher?.close();
        this.listeners.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, pollMs);
      this.listeners.add(done);
      signal.addEventListener('abort', done, { once: true });
      // inotify can be exhausted on the host: the poll above then finds the report.
      const watcher = this.watchDirectory(done);
      if (readdirSync(this.directory).some((name) => REPORT_NAME.test(name))) done();
    });
  }

  private watchDirectory(onChange: () => void): ReturnType<typeof watch> | null {
    try {
      const watcher = watch(this.directory, (_event, name) => {
        if (name === null || REPORT_NAME.test(name)) onChange();
      });
      watcher.on('error', () => watcher.close());
      return watcher;
    } catch {
      return null;
    }
  }

  private async store(report: Report): Promise<void> {
    if (this.count >= this.limit) {
      const step = Math.ceil(this.mostReports / 20);
      const removed = await this.makeRoom(step);
      // Nothing but outcomes: they stay, and the directory is not read again for each further one.
      this.limit = removed > 0 ? this.mostReports : this.count + step;
    }
    try {
      await this.write(report);
    } catch (error) {
      if (!isFull(error)) this.trouble(`cannot keep a report on disk: ${(error as Error).message}`);
      await rm(join(this.directory, RESERVE), { force: true });
      await this.makeRoom(32);
      await this.write(report).catch(() => {
        if (isInformational(report)) this.drop(1);
        else {
          this.unwritten.push(report);
          this.trouble(`the disk of ${this.directory} is full: an outcome is kept in memory only; free some space`);
        }
        for (const listener of [...this.listeners]) listener();
      });
    }
  }

  private async write(report: Report): Promise<void> {
    const path = join(this.directory, `${report.id}.json`);
    const handle = await open(`${path}.tmp`, 'w', 0o600);
    try {
      await handle.writeFile(JSON.stringify(report));
      await rename(`${path}.tmp`, path);
      this.count += 1;
      // Sent while the disk is at it: nobody waits for both in turn.
      for (const listener of [...this.listeners]) listener();
      // Progress is lost with a power cut, as the work is that it tells of; not with a killed agent.
      if (!isInformational(report)) await handle.sync();
    } catch (error) {
      await rm(`${path}.tmp`, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    if (!isInformational(report)) await syncDirectory(this.directory);
  }

  private async writeUnwritten(): Promise<void> {
    while (this.unwritten.length > 0) {
      try {
        await this.write(this.unwritten[0]!);
      } catch {
        return;
      }
      this.unwritten.shift();
    }
  }

  private async makeRoom(wanted: number): Promise<number> {
    let removed = 0;
    for (const name of await this.names()) {
      if (removed >= wanted) break;
      const path = join(this.directory, name);
      const report = parseReport(await readFile(path, 'utf8').catch(() => ''), name);
      if (report === null || !isInformational(report)) continue;
      await rm(path, { force: true });
      removed += 1;
    }
    this.count = Math.max(0, this.count - removed);
    if (removed > 0) this.drop(removed);
    return removed;
  }

  private drop(count: number): void {
    this.dropped += count;
    this.trouble(
      `${this.dropped} informational reports dropped for want of room; checkpoint and restore outcomes are kept`,
    );
  }

  private async setAside(name: string, reason: string): Promise<void> {
    this.trouble(`report ${name} set aside in ${this.refused}: ${reason}`);
    await rename(join(this.directory, name), join(this.refused, name)).catch(() =>
      rm(join(this.directory, name), { force: true }),
    );
    await syncDirectory(this.directory);
    this.count = Math.max(0, this.count - 1);
  }

  private async names(): Promise<string[]> {
    return (await readdir(this.directory)).filter((name) => REPORT_NAME.test(name)).sort();
  }

  private async refillReserve(): Promise<void> {
    const path = join(this.directory, RESERVE);
    const there = await stat(path).catch(() => null);
    if (there?.size === RESERVE_BYTES) return;
    // Not zeros: a file system that compresses would keep nothing in reserve.
    await writeFile(path, Buffer.alloc(RESERVE_BYTES, crypto.randomUUID()), { mode: 0o600 }).catch(() =>
      rm(path, { force: true }),
    );
  }

  private async olderThan(name: string, ms: number): Promise<boolean> {
    const found = await stat(join(this.directory, name)).catch(() => null);
    return found !== null && Date.now() - found.mtimeMs > ms;
  }
}

function isFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

function parseReport(text: string, name: string): Report | null {
  try {
    const report = JSON.parse(text) as Report;
    return `${report.id}.json` === name && typeof report.type === 'string' ? report : null;
  } catch {
    return null;
  }
}
