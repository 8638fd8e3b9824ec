import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { FakeAgentServer } from '../../test/fakes/fake-agent-server.js';
import { SAMPLE_FACTS } from '../../test/support/image-samples.js';
import type { AgentConfig } from '../protocol/agent-api.js';
import { systemClock } from './clock.js';
import { CommandJournal } from './commands/command-journal.js';
import { CommandLoop } from './commands/command-loop.js';
import { LocalState } from './local-state.js';
import { Outbox } from './outbox.js';
import { OutboxSender } from './outbox-sender.js';
import { ServerClient, ServerRefusedError, ServerUnavailableError } from './server-client.js';
import { ServerLink, StateDirectoryLostError } from './server-link.js';

const log = pino({ level: 'silent' });

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('ServerLink', () => {
  let stateDir: string;
  let server: FakeAgentServer;
  let outbox: Outbox;
  let held: boolean;
  let joinToken: string | null;
  let config: AgentConfig | null;
  let stop: AbortController;
  let running: Promise<void>;

  beforeEach(async () => {
    stateDir = mkdtempSync(join(tmpdir(), 'bp-link-'));
    server = new FakeAgentServer();
    await server.start();
    [held, joinToken, config, stop] = [true, server.joinToken, null, new AbortController()];
  });
  afterEach(async () => {
    stop.abort();
    await running.catch(() => undefined);
    await server.stop();
    rmSync(stateDir, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    const state = await LocalState.open(stateDir);
    outbox = new Outbox(stateDir);
    await outbox.open();
    const journal = new CommandJournal(stateDir);
    await journal.open();
    const client = new ServerClient(server.url);
    const link = new ServerLink({
      client,
      state,
      lock: { stillHeld: () => held },
      joinToken: () => joinToken,
      commands: new CommandLoop(client, journal, [], systemClock, log),
      sender: new OutboxSender(client, outbox, systemClock, log),
      context: {
        describeHost: () => Promise.resolve({ facts: SAMPLE_FACTS, findings: [] }),
        heartbeat: () => ({ storage: null, runningJobs: 0, unsentReports: outbox.waiting, findings: [] }),
        config: () => config,
        configured: (fresh) => {
          config = fresh;
          return Promise.resolve();
        },
      },
      clock: systemClock,
      log,
    });
    running = link.run(stop.signal);
    running.catch(() => undefined);
  }

  it('enrols while the server comes up, once, and heartbeats', async () => {
    await server.stop();
    await start();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await server.start();
    await until('heartbeats', () => server.heartbeats.length >= 2);
    expect([server.enrolments, server.session]).toEqual([1, 1]);
    expect(config?.hostId).toBe(server.hostId);
  });

  it('uses its credential after a restart, without a join token', async () => {
    await start();
    await until('a heartbeat', () => server.heartbeats.length > 0);
    stop.abort();
    await running;
    [stop, joinToken] = [new AbortController(), null];
    await start();
    await until('a second session', () => server.session === 2);
    expect(server.enrolments).toBe(1);
  });

  it('takes a new configuration up with a heartbeat', async () => {
    await start();
    await until('a session', () => config !== null);
    server.configure({ policy: { interval: '7m' } });
    await until('the new policy', () => config?.policy.interval === '7m');
  });

  it('enrols again when the server no longer knows it', async () => {
    await start();
    await until('a heartbeat', () => server.heartbeats.length > 0);
    server.credential = 'another';
    await until('a second enrolment', () => server.enrolments === 2);
    await until('a session', () => server.session === 2);
  });

  it('sends reports in batches, sets aside those that are refused, and waits for a server that is away', async () => {
    await start();
    await until('a session', () => server.session === 1);
    await server.stop();
    for (let i = 0; i < 250; i += 1) {
      await outbox.add({
        type: 'job-event',
        jobId: 'j',
        containerId: null,
        event: 'job-policy-ignored',
        message: String(i),
      });
    }
    const [first] = await outbox.next(1);
    server.refuseReports.add(first!.id);
    await server.start();
    await until('all arrive', () => server.reports.length === 249);
    await until('the outbox is empty', () => outbox.waiting === 0);
    expect(server.of('job-event').map(({ message }) => Number(message))).toEqual(
      [...Array(249).keys()].map((i) => i + 1),
    );
  });

  it('opens a new session when another took over, but not when its state directory is no longer its own', async () => {
    await start();
    await until('a session', () => server.session === 1);
    server.session += 1;
    await until('it is back', () => server.session === 3);
    held = false;
    server.session += 1;
    await expect(running).rejects.toThrow(StateDirectoryLostError);
  });
});

describe('ServerClient', () => {
  let server: FakeAgentServer;
  beforeEach(async () => {
    server = new FakeAgentServer();
    await server.start();
  });
  afterEach(() => server.stop());
  const request = { machineId: 'm', facts: SAMPLE_FACTS, findings: [] };

  it('tells a refusal from a server that is away', async () => {
    const client = new ServerClient(server.url);
    const refused: unknown = await client.enrol('wrong', request).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ServerRefusedError);
    expect(refused).toMatchObject({ unauthorised: true, code: 'invalid-token' });
    await server.stop();
    const away: unknown = await client.enrol('wrong', request).catch((error: unknown) => error);
    expect(away).toBeInstanceOf(ServerUnavailableError);
    expect((away as Error).message).toMatch(/no answer from http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });

  it('ends a call when it is aborted, with the reason', async () => {
    const client = new ServerClient(server.url);
    const { credential } = await client.enrol(server.joinToken, request);
    client.useCredential(credential);
    await client.openSession({ facts: SAMPLE_FACTS, findings: [] });
    const stop = new AbortController();
    const polling = client.commands(20, stop.signal);
    stop.abort(new Error('stopping'));
    await expect(polling).rejects.toThrow('stopping');
  });
});
