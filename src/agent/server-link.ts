import type { Logger } from 'pino';
import type { AgentConfig, HeartbeatRequest, SessionRequest } from '../protocol/agent-api.js';
import { Backoff } from './backoff.js';
import type { Clock } from './clock.js';
import type { CommandLoop } from './commands/command-loop.js';
import type { LocalState } from './local-state.js';
import { endsSession, type OutboxSender } from './outbox-sender.js';
import { ServerRefusedError, StaleSessionError, type ServerClient } from './server-client.js';
import type { StateLock } from './state-lock.js';

export interface ServerLinkContext {
  describeHost(): Promise<SessionRequest>;
  heartbeat(): HeartbeatRequest;
  /** The configuration in force; null before the first. */
  config(): AgentConfig | null;
  configured(config: AgentConfig): Promise<void>;
}

export interface ServerLinkOptions {
  client: ServerClient;
  state: LocalState;
  lock: Pick<StateLock, 'stillHeld'>;
  joinToken: () => string | null;
  commands: CommandLoop;
  sender: OutboxSender;
  context: ServerLinkContext;
  clock: Clock;
  log: Logger;
}

/** The directory of this agent was replaced: another process is this host's agent now, or will be. */
export class StateDirectoryLostError extends Error {
  override name = 'StateDirectoryLostError';
}

class NoCredentialError extends Error {}

/** A session that lasted this long was a good one: the next failure starts with short waits again. */
const GOOD_SESSION_MS = 60_000;

/**
 * The agent's side of its server: enrolled once, one session a process start, and in a session heartbeats, commands
 * and reports. Nothing here is needed to protect a job; all of it is tried again for as long as the agent runs.
 */
export class ServerLink {
  private wakeHeartbeat: (() => void) | null = null;
  private heartbeatDue = false;
  /** The server refused the credential we have. */
  private refused = false;

  constructor(private readonly options: ServerLinkOptions) {}

  /** Tells the server now rather than at the next interval. */
  poke(): void {
    this.heartbeatDue = true;
    this.wakeHeartbeat?.();
  }

  /** Until `signal` aborts. Throws only {@link StateDirectoryLostError}. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, lock } = this.options;
    const backoff = new Backoff(1000, 60_000);
    while (!signal.aborted) {
      const begun = clock.now();
      try {
        await this.enrol(signal);
        await this.openSession(signal);
        await this.serve(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (clock.now() - begun > GOOD_SESSION_MS) backoff.reset();
        if (error instanceof StaleSessionError && !lock.stillHeld()) {
          throw new StateDirectoryLostError(
            'the state directory was replaced under this agent, which stops acting for this host',
          );
        }
        const retryMs = backoff.next();
        log.warn({ reason: reasonFor(error), retryMs }, 'no session with the server; jobs are protected meanwhile');
        await clock.sleep(retryMs, signal);
      }
    }
  }

  private async enrol(signal: AbortSignal): Promise<void> {
    const { client, state, joinToken, log } = this.options;
    const { machineId, host } = state.identity;
    if (host !== null && !this.refused) return client.useCredential(host.credential);
    const token = joinToken();
    if (token === null) {
      throw new NoCredentialError(
        host === null
          ? 'this host is not enrolled and no join token is given: set BATCHPOINT_JOIN_TOKEN_FILE'
          : 'the server no longer accepts this host (was it deleted?): set BATCHPOINT_JOIN_TOKEN_FILE to enrol again',
      );
    }
    const { hostId, credential } = await client.enrol(
      token,
      { machineId, ...(await this.options.context.describeHost()) },
      signal,
    );
    await state.saveHost({ hostId, credential });
    this.refused = false;
    client.useCredential(credential);
    log.info({ hostId }, 'enrolled');
  }

  private async openSession(signal: AbortSignal): Promise<void> {
    const { client, context, log } = this.options;
    try {
      const { session, config } = await client.openSession(await context.describeHost(), signal);
      log.info({ session, hostId: config.hostId, revision: config.revision }, 'session open');
      await context.configured(config);
    } catch (error) {
      if (error instanceof ServerRefusedError && error.unauthorised) this.refused = true;
      throw error;
    }
  }

  /** The first of the three that finds the session over ends it. */
  private async serve(signal: AbortSignal): Promise<void> {
    const { commands, sender, context } = this.options;
    const over = new AbortController();
    const together = AbortSignal.any([signal, over.signal]);
    const loops = [
      this.heartbeats(together),
      commands.run(() => context.config()?.pollSeconds ?? 25, together),
      sender.run(together),
    ];
    try {
      await Promise.all(loops);
    } finally {
      over.abort();
      await Promise.allSettled(loops);
    }
  }

  private async heartbeats(signal: AbortSignal): Promise<void> {
    const { client, context, clock, log } = this.options;
    let reached = true;
    while (!signal.aborted) {
      this.heartbeatDue = false;
      try {
        const { config } = await client.heartbeat(context.heartbeat(), context.config()?.revision ?? '', signal);
        if (!reached) log.info('the server answers again');
        reached = true;
        if (config !== null) await context.configured(config);
      } catch (error) {
        if (signal.aborted) return;
        if (endsSession(error)) throw error;
        if (reached)
          log.warn({ reason: (error as Error).message }, 'the server does not answer; jobs are protected meanwhile');
        reached = false;
      }
      // A new configuration came with the answer, and what became of it is worth telling at once.
      if (this.heartbeatDue && reached) continue;
      const woken = new AbortController();
      this.wakeHeartbeat = () => woken.abort();
      // A tenth less or more, so that a fleet does not beat in step.
      const pause = (context.config()?.heartbeatSeconds ?? 30) * 1000 * (0.9 + Math.random() / 5);
      await clock.sleep(pause, AbortSignal.any([signal, woken.signal]));
    }
  }
}

function reasonFor(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof StaleSessionError) {
    return `${message} Another process uses this host's credential: was the state directory copied (a cloned disk, an AMI made of a running host)?`;
  }
  return message;
}
