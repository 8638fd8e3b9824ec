import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FollowedLog } from './followed-log.js';
import { isAlive, signal, startTime, waitForExit } from './processes.js';

export interface ChildOptions {
  /** What it is called in messages. */
  name: string;
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Everything it prints goes there, anew at each start of ours. */
  logFile: string;
  /** Names the process, so that the next start finds one that outlived us. */
  pidFile: string;
  /** Asked again and again until it says yes. */
  ready: () => Promise<boolean>;
  readyWithinSeconds: number;
  /** It gets SIGTERM, and SIGKILL when it is not gone after this long. */
  stopWithinSeconds: number;
  /** Takes a line for the user. */
  note: (line: string) => void;
}

export class ChildError extends Error {
  override readonly name = 'ChildError';
}

const FIRST_PAUSE_SECONDS = 1;
const LONGEST_PAUSE_SECONDS = 30;
/** A child that ran this long was fine: its next crash starts with the short pause again. */
const STEADY_SECONDS = 60;

/** One of our own programs as a child process: made ready, watched, started again when it ends by itself, stopped in time. */
export class SupervisedChild {
  private child: ChildProcess | null = null;
  private log: FollowedLog | null = null;
  private stopping = new AbortController();
  private watching: Promise<void> = Promise.resolve();
  private lastLines: string[] = [];

  constructor(private readonly options: ChildOptions) {}

  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  /** Resolves when it is ready. Throws, and leaves it stopped, when it ends or is not ready in time. */
  async start(): Promise<void> {
    await this.stopEarlierOne();
    this.log = new FollowedLog(this.options.logFile, (line) => this.take(line));
    try {
      const ended = await this.launch();
      this.watching = this.watch(ended);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.end('SIGTERM');
    await this.watching;
    await this.end('SIGTERM');
    this.log?.close();
    this.log = null;
    rmSync(this.options.pidFile, { force: true });
  }

  /** SIGKILL, and no new start. */
  async kill(): Promise<void> {
    this.stopping.abort();
    await this.end('SIGKILL');
    await this.stop();
  }

  private async end(name: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const pid = this.child?.pid;
    if (pid === undefined || !isAlive(pid)) return;
    signal(pid, name);
    if (await waitForExit([pid], this.options.stopWithinSeconds * 1000)) return;
    this.options.note(`${this.options.name} did not stop within ${this.options.stopWithinSeconds} s and is killed`);
    signal(pid, 'SIGKILL');
    await waitForExit([pid], 5000);
  }

  /** Spawns it and waits until it is ready; resolves to the promise of its end. */
  private async launch(): Promise<{ end: Promise<string> }> {
    const { name, command, args, env, pidFile, ready, readyWithinSeconds } = this.options;
    this.lastLines = [];
    // A session of its own: Ctrl-C in the terminal is for us to pass on, in order.
    const child = spawn(command, args, {
      env,
      detached: true,
      stdio: ['ignore', this.log!.descriptor, this.log!.descriptor],
    });
    this.child = child;
    let ended: string | null = null;
    const end = new Promise<string>((resolve) => {
      // Whichever comes first tells more.
      child.once('error', (error) => resolve((ended ??= error.message)));
      child.once('close', (code, by) => resolve((ended ??= by ?? `exit code ${code}`)));
    });
    if (child.pid !== undefined) {
      mkdirSync(dirname(pidFile), { recursive: true });
      writeFileSync(pidFile, `${child.pid} ${startTime(child.pid) ?? ''}\n`);
    }
    const deadline = Date.now() + readyWithinSeconds * 1000;
    while (!(await ready().catch(() => false))) {
      if (ended !== null) throw new ChildError(`${name} did not start (${String(ended)}): ${this.reason()}`);
      if (Date.now() > deadline)
        throw new ChildError(`${name} was not ready after ${readyWithinSeconds} s: ${this.reason()}`);
      if (this.stopping.signal.aborted) throw new ChildError(`${name} was stopped while starting`);
      await sleep(50);
    }
    return { end };
  }

  private async watch(first: { end: Promise<string> }): Promise<void> {
    const { name, note } = this.options;
    let pause = FIRST_PAUSE_SECONDS;
    let current: { end: Promise<string> } | null = first;
    let since = Date.now();
    let why = '';
    while (!this.stopping.signal.aborted) {
      if (current) {
        why = `${name} ended by itself (${await current.end}): ${this.reason()}`;
        if (this.stopping.signal.aborted) return;
        if (Date.now() - since > STEADY_SECONDS * 1000) pause = FIRST_PAUSE_SECONDS;
      }
      note(`${why}. Starting it again in ${pause} s; its log: ${this.options.logFile}`);
      await sleep(pause * 1000, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      if (this.stopping.signal.aborted) return;
      pause = Math.min(pause * 2, LONGEST_PAUSE_SECONDS);
      since = Date.now();
      try {
        current = await this.launch();
        note(`${name} runs again`);
      } catch (error) {
        await this.end('SIGKILL');
        current = null;
        why = (error as Error).message;
      }
    }
  }

  private take(line: string): void {
    this.lastLines = [...this.lastLines, line].slice(-20);
    const parsed = readLogLine(line);
    if (parsed && parsed.level >= LEVELS['warn']! && !this.stopping.signal.aborted)
      this.options.note(`${this.options.name}: ${parsed.message}`);
  }

  /** The most telling of its last lines. */
  private reason(): string {
    this.log?.catchUp();
    const lines = this.lastLines.filter((line) => line.trim() !== '');
    const worst = lines.map(readLogLine).findLast((line) => line !== null && line.level >= LEVELS['error']!);
    const plain = lines.filter((line) => readLogLine(line) === null).slice(-6);
    return worst?.message ?? (plain.join('\n  ') || 'it said nothing');
  }

  /** A child that outlived its supervisor (killed, or the terminal's window was closed hard) holds ports and locks. Part of {@link start}. */
  async stopEarlierOne(): Promise<void> {
    const { pidFile, name, note } = this.options;
    if (!existsSync(pidFile)) return;
    const [pid, since] = readFileSync(pidFile, 'utf8').trim().split(' ');
    if (since && startTime(Number(pid)) === since) {
      note(`${name} of an earlier start still runs (process ${pid}); stopping it`);
      signal(Number(pid), 'SIGTERM');
      if (!(await waitForExit([Number(pid)], this.options.stopWithinSeconds * 1000))) {
        signal(Number(pid), 'SIGKILL');
        await waitForExit([Number(pid)], 5000);
      }
    }
    rmSync(pidFile, { force: true });
  }
}

/** pino's numbers of the levels our programs name. */
const LEVELS: Record<string, number> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 };

/** Of pino's JSON; null when it is something else. */
function readLogLine(line: string): { level: number; message: string } | null {
  if (!line.startsWith('{')) return null;
  try {
    const entry = JSON.parse(line) as { level?: number | string; msg?: unknown; err?: { message?: unknown } };
    const error = typeof entry.err?.message === 'string' ? entry.err.message : '';
    const message = [typeof entry.msg === 'string' ? entry.msg : '', error].filter(
      (text, index, all) => text !== '' && all.indexOf(text) === index,
    );
    const level = typeof entry.level === 'string' ? (LEVELS[entry.level] ?? 30) : (entry.level ?? 30);
    return { level, message: message.join(': ') };
  } catch {
    return null;
  }
}
