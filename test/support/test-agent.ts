import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeForSources } from './protected-host.js';
import type { TestHost } from './test-host.js';

const REPOSITORY = join(import.meta.dirname, '..', '..');

/** The agent of a test host, from the sources, as a process of its own that can be killed and started again. */
export class TestAgent {
  private child: ChildProcess | null = null;
  private readonly logFile: string;

  constructor(
    private readonly host: TestHost,
    private readonly serverUrl: string,
    private readonly joinToken: string,
    private readonly env: Record<string, string> = {},
  ) {
    this.logFile = join(host.dir, 'agent.log');
  }

  get pid(): number {
    return this.child!.pid!;
  }

  start(): void {
    const log = openSync(this.logFile, 'a');
    const loader = join(REPOSITORY, 'test', 'support', 'typescript-loader.mjs');
    const program = [
      join(REPOSITORY, 'test', 'support', 'agent-process.ts'),
      nodeForSources(this.host.dir),
      join(REPOSITORY, 'src', 'main.ts'),
    ];
    const [command, ...args] = [...this.host.enter, process.execPath, '--import', loader, ...program];
    this.child = spawn(command!, args, {
      stdio: ['ignore', log, log],
      env: {
        ...process.env,
        ...this.host.agentEnvironment,
        BATCHPOINT_SERVER_URL: this.serverUrl,
        BATCHPOINT_JOIN_TOKEN: this.joinToken,
        BATCHPOINT_LOG_LEVEL: 'debug',
        ...this.env,
      },
    });
    closeSync(log);
  }

  /** As `kill -9` does. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Its exit code. */
  async stop(): Promise<number | null> {
    return this.end('SIGTERM');
  }

  log(): Record<string, unknown>[] {
    return readFileSync(this.logFile, 'utf8')
      .split('\n')
      .flatMap((line) => {
        try {
          return [JSON.parse(line) as Record<string, unknown>];
        } catch {
          return line === '' ? [] : [{ msg: line }];
        }
      });
  }

  private async end(signal: NodeJS.Signals): Promise<number | null> {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    child.kill(signal);
    await once(child, 'exit');
    return child.exitCode;
  }
}
