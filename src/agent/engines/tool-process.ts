import { spawn, type ChildProcess } from 'node:child_process';

/** A program to run, complete; nothing is taken from this process but what is named here. */
export interface ToolCommand {
  command: string;
  args: string[];
  env: Record<string, string>;
}

export interface ToolResult {
  /** null when a signal ended it, or it never started. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The end of what it wrote to stdout and stderr. */
  output: string;
  seconds: number;
}

const OUTPUT_TAIL_BYTES = 16 * 1024;

/**
 * A program in a session of its own, prepared ahead and started by {@link start}: until then a shell waits on a pipe
 * in its place, so that its process id can be written down before it does anything, and it never runs if this process
 * dies first.
 */
export class ToolProcess {
  private readonly child: ChildProcess;
  private output = '';
  private startedAt = performance.now();
  /** Never rejects; a program that could not be started ends with code null and the reason in `output`. */
  readonly finished: Promise<ToolResult>;

  constructor(tool: ToolCommand) {
    const gate = ['-c', 'read -r _ && exec "$@" </dev/null', 'batchpoint', tool.command, ...tool.args];
    this.child = spawn('/bin/sh', gate, { env: tool.env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdin!.on('error', () => undefined);
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output = (this.output + text).slice(-OUTPUT_TAIL_BYTES);
      });
    }
    this.finished = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void =>
        resolve({ code, signal, output: this.output.trim(), seconds: (performance.now() - this.startedAt) / 1000 });
      this.child.on('error', (error) => {
        this.output += error.message;
        end(null, null);
      });
      // Not `exit`: what the program wrote last is still in the pipe then.
      this.child.on('close', end);
    });
  }

  /** Also its process group; 0 when it could not be started. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  start(): void {
    this.startedAt = performance.now();
    this.child.stdin!.end('\n');
  }

  /** Kills the program and what it started. Harmless when it has ended. */
  kill(): void {
    this.child.stdin!.destroy();
    // Once reaped, its id may be another process's.
    if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch {
      // Ended in this moment.
    }
  }
}

/** Starts a program and waits for its end, `limitMs` at most (then it is killed, and `signal` says so). */
export async function runTool(tool: ToolCommand, limitMs: number): Promise<ToolResult> {
  const running = new ToolProcess(tool);
  running.start();
  const timer = setTimeout(() => running.kill(), limitMs);
  try {
    return await running.finished;
  } finally {
    clearTimeout(timer);
  }
}
