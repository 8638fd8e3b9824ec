import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Command, CommandResult } from '../../protocol/agent-api.js';
import { FailureError } from '../../protocol/failure.js';
import { systemClock } from '../clock.js';
import { ServerRefusedError, ServerUnavailableError, StaleSessionError } from '../server-client.js';
import type { CommandHandler } from './command-handler.js';
import { CommandJournal } from './command-journal.js';
import { CommandLoop } from './command-loop.js';

const verify = (id: string, expiresAt = '2999-01-01T00:00:00Z'): Command => ({
  id,
  expiresAt,
  type: 'verify-checkpoint',
  checkpointId: 'ckpt_1',
  jobId: 'j',
});

/** Delivers what has no result yet at every poll, as the server does. */
class Queue {
  readonly results = new Map<string, CommandResult[]>();
  polls = 0;
  failPut: Error | null = null;
  failPoll: Error | null = null;
  constructor(public commands: Command[]) {}

  async commands_(): Promise<{ items: Command[] }> {
    this.polls += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (this.failPoll) throw this.failPoll;
    return { items: this.commands.filter(({ id }) => !this.results.has(id)) };
  }

  async putResult(id: string, result: CommandResult): Promise<void> {
    if (this.failPut) throw this.failPut;
    this.results.set(id, [...(this.results.get(id) ?? []), result]);
  }
}

class Handler implements CommandHandler<'verify-checkpoint'> {
  readonly type = 'verify-checkpoint';
  handled = 0;
  resumed = 0;
  constructor(private readonly work: () => Promise<void> = () => Promise.resolve()) {}
  async handle(): Promise<{ bytesRead: number }> {
    this.handled += 1;
    await this.work();
    return { bytesRead: 1 };
  }
  async resume(): Promise<{ bytesRead: number }> {
    this.resumed += 1;
    return { bytesRead: 2 };
  }
}

describe('CommandLoop', () => {
  let stateDir: string;
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'bp-commands-'));
  });
  afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

  /** Runs a loop until `done`, as one process of the agent would. */
  async function serve(queue: Queue, handler: Handler, done: () => boolean): Promise<void> {
    const journal = new CommandJournal(stateDir);
    await journal.open();
    const server = {
      commands: () => queue.commands_(),
      putResult: (id: string, result: CommandResult) => queue.putResult(id, result),
    };
    const loop = new CommandLoop(server, journal, [handler], systemClock, pino({ level: 'silent' }));
    const stop = new AbortController();
    const running = loop.run(() => 1, stop.signal);
    running.catch(() => undefined);
    const deadline = Date.now() + 5000;
    while (!done() && Date.now() < deadline)
      await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 5))]);
    stop.abort();
    await running;
  }

  it('carries out a command once, however often it is delivered, and answers', async () => {
    const queue = new Queue([verify('cmd_1')]);
    const handler = new Handler(() => new Promise((resolve) => setTimeout(resolve, 50)));
    await serve(queue, handler, () => queue.results.has('cmd_1'));
    expect(handler.handled).toBe(1);
    expect(queue.results.get('cmd_1')).toEqual([{ status: 'succeeded', output: { bytesRead: 1 } }]);
  });

  it('answers a repeat from the journal after a restart', async () => {
    const queue = new Queue([verify('cmd_1')]);
    const handler = new Handler();
    await serve(queue, handler, () => queue.results.has('cmd_1'));
    queue.results.clear();
    await serve(queue, handler, () => queue.results.has('cmd_1'));
    expect(handler.handled).toBe(1);
    expect(handler.resumed).toBe(0);
  });

  it('sends a result the server did not get, without the command being delivered again', async () => {
    const queue = new Queue([verify('cmd_1')]);
    queue.failPut = new ServerUnavailableError('down');
    const handler = new Handler();
    await serve(queue, handler, () => handler.handled === 1 && queue.polls > 2);
    queue.failPut = null;
    queue.commands = [];
    await serve(queue, handler, () => queue.results.has('cmd_1'));
    expect(handler.handled).toBe(1);
    expect(queue.results.get('cmd_1')).toHaveLength(1);
  });

  it('takes up a command that a killed process had begun', async () => {
    const journal = new CommandJournal(stateDir);
    await journal.open();
    await journal.begin('cmd_1');
    const queue = new Queue([verify('cmd_1')]);
    const handler = new Handler();
    await serve(queue, handler, () => queue.results.has('cmd_1'));
    expect([handler.handled, handler.resumed]).toEqual([0, 1]);
  });

  it('refuses what is too late, unknown, or fails, in words', async () => {
    const unknown = { id: 'cmd_3', expiresAt: '2999-01-01T00:00:00Z', type: 'dance' } as unknown as Command;
    const queue = new Queue([verify('cmd_1', '2020-01-01T00:00:00Z'), verify('cmd_2'), unknown]);
    const handler = new Handler(() =>
      Promise.reject(new FailureError({ code: 'digest-mismatch', message: 'a byte differs' })),
    );
    await serve(queue, handler, () => queue.results.size === 3);
    const codes = ['cmd_1', 'cmd_2', 'cmd_3'].map((id) => {
      const result = queue.results.get(id)![0]!;
      return result.status === 'failed' ? result.failure.code : result.status;
    });
    expect(codes).toEqual(['expired', 'digest-mismatch', 'internal']);
  });

  it('stops at a stale session, and goes on after other troubles', async () => {
    const queue = new Queue([verify('cmd_1')]);
    queue.failPoll = new StaleSessionError(409, 'stale-agent-session', 'newer session');
    await expect(serve(queue, new Handler(), () => false)).rejects.toThrow('newer session');
    queue.failPoll = new ServerRefusedError(400, 'bad', 'odd answer');
    setTimeout(() => (queue.failPoll = null), 50);
    await serve(queue, new Handler(), () => queue.results.has('cmd_1'));
    expect(queue.results.has('cmd_1')).toBe(true);
  });

  it('forgets answered commands after a day, and a damaged journal entry', async () => {
    const journal = new CommandJournal(stateDir);
    await journal.open();
    await journal.begin('cmd_1', 0);
    await journal.finish('cmd_1', { status: 'succeeded', output: {} });
    await journal.markSent('cmd_1', 1000);
    expect(journal.find('cmd_1')).not.toBeNull();
    writeFileSync(join(stateDir, 'commands', 'cmd_2.json'), '{');
    const next = new CommandJournal(stateDir);
    await next.open(2 * 86_400_000);
    expect([next.find('cmd_1'), next.find('cmd_2')]).toEqual([null, null]);
  });
});
