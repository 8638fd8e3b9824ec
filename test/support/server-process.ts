import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** `batchpoint <command>` from the sources, as a process of its own, to be killed. */
export class ServerProcess {
  stdout = '';
  stderr = '';
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  private readonly child: ChildProcess;

  constructor(args: string[], env: Record<string, string> = {}) {
    this.child = spawn(
      process.execPath,
      ['--import', join(ROOT, 'test/support/typescript-loader.mjs'), join(ROOT, 'src/main.ts'), ...args],
      {
        env: { PATH: process.env.PATH, BPTEST_RUN: process.env.BPTEST_RUN ?? '', ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.child.stdout!.on('data', (chunk) => (this.stdout += String(chunk)));
    this.child.stderr!.on('data', (chunk) => (this.stderr += String(chunk)));
    this.exited = new Promise((resolve) => this.child.on('close', (code, signal) => resolve({ code, signal })));
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The URL once it listens. */
  async listening(): Promise<string> {
    let ended = false;
    void this.exited.then(() => (ended = true));
    for (let tries = 0; tries < 1200; tries += 1) {
      const url = /listening on (\S+?)"/.exec(this.stdout)?.[1];
      if (url !== undefined) return url;
      if (ended) break;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`the server did not start:\n${this.stdout}\n${this.stderr}`);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null; signal: string | null }> {
    this.kill(signal);
    return this.exited;
  }

  get adminToken(): string | undefined {
    return /Admin token[^:]*: (\S+)/.exec(this.stdout)?.[1];
  }
}
