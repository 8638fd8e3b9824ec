import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FailureError } from '../../protocol/failure.js';
import { cgroupOf } from './cgroup.js';

export type FreezerState = 'frozen' | 'freezing' | 'thawed' | 'gone';

const FILES = {
  1: { file: 'freezer.state', freeze: 'FROZEN', thaw: 'THAWED' },
  2: { file: 'cgroup.freeze', freeze: '1', thaw: '0' },
} as const;

/** Stops and continues every process of a container at once, by writing its cgroup: no program has to start for it. */
export class Freezer {
  private constructor(
    /** The cgroup's directory. */
    readonly path: string,
    readonly version: 1 | 2,
  ) {}

  static at(path: string, version: 1 | 2): Freezer {
    return new Freezer(path, version);
  }

  /** The freezer of the container a process runs in. Throws `freeze-failed` when it has none. */
  static async ofProcess(pid: number): Promise<Freezer> {
    const cgroup = await cgroupOf(pid, 'freezer');
    if (cgroup !== null) return new Freezer(cgroup.path, cgroup.version);
    throw new FailureError({
      code: 'freeze-failed',
      message: `process ${pid} is in no cgroup that can be frozen`,
      remedy:
        'mount the freezer controller (cgroup v1) or use cgroup v2, and run the container with a cgroup of its own',
    });
  }

  /** The file to write and the word that continues the container: all that another program needs to thaw it. */
  get thawFile(): { path: string; word: string } {
    return { path: this.file, word: FILES[this.version].thaw };
  }

  /** Returns when every process has stopped. Throws `freeze-failed` after `limitMs`; the container then runs on. */
  async freeze(limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    try {
      for (let pause = 1; ; pause = Math.min(pause * 2, 20)) {
        // Written again each time: under v1 a process that was being created is only then caught.
        await writeFile(this.file, FILES[this.version].freeze);
        if ((await this.state()) === 'frozen') return;
        if (performance.now() > deadline) break;
        await sleep(pause);
      }
    } catch (error) {
      await this.thaw();
      throw new FailureError(
        {
          code: 'freeze-failed',
          message: `writing ${this.file} failed: ${String(error)}`,
          remedy: 'look at the kernel log of this host',
        },
        { cause: error },
      );
    }
    await this.thaw();
    throw new FailureError({
      code: 'freeze-failed',
      message: `the container's processes did not all stop within ${limitMs / 1000} s; one of them hangs in the kernel`,
      remedy:
        'look for processes in state D (`ps axo pid,state,wchan,cmd`), often waiting for a file system that does not answer',
    });
  }

  /** Continues the container; harmless when it is not frozen or gone. */
  async thaw(): Promise<void> {
    try {
      await writeFile(this.file, FILES[this.version].thaw, { flag: 'r+' });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  async state(): Promise<FreezerState> {
    try {
      if (this.version === 2) {
        if (/^frozen 1$/m.test(await readFile(join(this.path, 'cgroup.events'), 'utf8'))) return 'frozen';
        return (await readFile(this.file, 'utf8')).trim() === '1' ? 'freezing' : 'thawed';
      }
      const state = (await readFile(this.file, 'utf8')).trim();
      return state === 'FROZEN' ? 'frozen' : state === 'FREEZING' ? 'freezing' : 'thawed';
    } catch (error) {
      if (isGone(error)) return 'gone';
      throw error;
    }
  }

  /** Processes of the container, as this host numbers them. Empty when it is gone. */
  async pids(): Promise<number[]> {
    try {
      return (await readFile(join(this.path, 'cgroup.procs'), 'utf8')).split('\n').filter(Boolean).map(Number);
    } catch (error) {
      if (isGone(error)) return [];
      throw error;
    }
  }

  private get file(): string {
    return join(this.path, FILES[this.version].file);
  }
}

/** The cgroup was removed: at opening, or between opening and reading. */
function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '');
}
