import type { Logger } from 'pino';
import type { Command, CommandResult } from '../../protocol/agent-api.js';
import { FailureError, toFailure } from '../../protocol/failure.js';
import { Backoff } from '../backoff.js';
import type { Clock } from '../clock.js';
import { endsSession } from '../outbox-sender.js';
import { ServerUnavailableError, type ServerClient } from '../server-client.js';
import type { AnyCommandHandler, CommandHandler } from './command-handler.js';
import type { CommandJournal } from './command-journal.js';

const SHORTEST_POLL_MS = 250;
/** Ids become file names. */
const COMMAND_ID = /^[A-Za-z0-9_-]{1,80}$/;

/**
 * Fetches commands, has each carried out once, and answers. Commands run side by side (a deletion need not wait for a
 * checkpoint); the handlers keep apart what must not meet.
 */
export class CommandLoop {
  private readonly handlers: Map<string, CommandHandler<never>>;
  private readonly active = new Map<string, Promise<void>>();

  constructor(
    private readonly server: Pick<ServerClient, 'commands' | 'putResult'>,
    private readonly journal: CommandJournal,
    handlers: readonly AnyCommandHandler[],
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    this.handlers = new Map(handlers.map((handler) => [handler.type, handler as unknown as CommandHandler<never>]));
  }

  /**
   * Until `signal` aborts. Throws a `ServerRefusedError` when the session is stale or the credential no longer
   * good: the caller decides whether to open another. What was begun goes on meanwhile.
   */
  async run(pollSeconds: () => number, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(500, 30_000);
    while (!signal.aborted) {
      try {
        await this.sendResults(signal);
        const asked = this.clock.now();
        const { items } = await this.server.commands(pollSeconds(), signal);
        backoff.reset();
        for (const command of items) this.accept(command, signal);
        // The server holds a poll until there is something new; should it not, it is not asked in a tight circle.
        const nothingNew = items.every(({ id }) => this.active.has(id));
        if (nothingNew && this.clock.now() - asked < SHORTEST_POLL_MS) await this.clock.sleep(SHORTEST_POLL_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (endsSession(error)) throw error;
        const pause = backoff.next();
        this.log.warn({ reason: (error as Error).message, retryMs: pause }, 'cannot fetch commands');
        await this.clock.sleep(pause, signal);
      }
    }
  }

  /** The commands under way. */
  async settled(): Promise<void> {
    await Promise.all(this.active.values());
  }

  private accept(command: Command, signal: AbortSignal): void {
    if (this.active.has(command.id)) return;
    const work = this.carryOut(command, signal)
      .catch((error: unknown) =>
        this.log.error({ commandId: command.id, reason: toFailure(error).message }, 'command not answered'),
      )
      .finally(() => this.active.delete(command.id));
    this.active.set(command.id, work);
  }

  private async carryOut(command: Command, signal: AbortSignal): Promise<void> {
    if (!COMMAND_ID.test(command.id)) throw new Error(`the id of the command is not one: ${command.id.slice(0, 80)}`);
    const entry = this.journal.find(command.id);
    if (entry?.result) return this.answer(command.id, entry.result, signal);
    const log = this.log.child({ commandId: command.id, type: command.type, ...subject(command) });
    const result = await this.resultOf(command, entry !== null, log);
    await this.journal
      .finish(command.id, result)
      .catch((error: Error) => log.error({ reason: error.message }, 'the result could not be saved'));
    await this.answer(command.id, result, signal);
  }

  private async resultOf(command: Command, begunBefore: boolean, log: Logger): Promise<CommandResult> {
    try {
      const handler = this.handlers.get(command.type);
      if (handler === undefined) throw new FailureError(unknownType(command.type));
      if (!begunBefore && Date.parse(command.expiresAt) < this.clock.now())
        throw new FailureError(expired(command.expiresAt));
      if (!begunBefore) await this.journal.begin(command.id);
      log.info(begunBefore ? 'command begun before a restart is taken up' : 'command begins');
      const output = await (begunBefore ? handler.resume(command as never) : handler.handle(command as never));
      log.info('command succeeded');
      return { status: 'succeeded', output };
    } catch (error) {
      const failure = toFailure(error);
      log.warn({ code: failure.code, reason: failure.message }, 'command failed');
      return { status: 'failed', failure };
    }
  }

  private async sendResults(signal: AbortSignal): Promise<void> {
    for (const { commandId, result } of this.journal.unsent()) {
      if (!this.active.has(commandId)) await this.answer(commandId, result!, signal);
    }
  }

  /** A result that does not arrive stays in the journal and is sent by a later turn, or asked for again. */
  private async answer(commandId: string, result: CommandResult, signal: AbortSignal): Promise<void> {
    try {
      await this.server.putResult(commandId, result, signal);
    } catch (error) {
      if (signal.aborted || error instanceof ServerUnavailableError || endsSession(error)) return;
      // The server no longer wants it (it gave the command up): saying it again would change nothing.
      this.log.warn(
        { commandId, reason: (error as Error).message },
        'the server does not take the result of a command',
      );
    }
    await this.journal.markSent(commandId);
  }
}

function subject(command: Command): { jobId?: string; checkpointId?: string; restoreId?: string } {
  const { jobId, checkpointId, restoreId } = command as { jobId?: string; checkpointId?: string; restoreId?: string };
  return { ...(jobId && { jobId }), ...(checkpointId && { checkpointId }), ...(restoreId && { restoreId }) };
}

const unknownType = (type: string) => ({
  code: 'internal' as const,
  message: `this agent does not know the command "${type}"`,
  remedy: 'install the agent release that belongs to the server',
});
const expired = (at: string) => ({
  code: 'expired' as const,
  message: `the command reached this host after its time (${at})`,
  remedy: 'ask for it again; if it happens often, look at the connection between host and server, and at their clocks',
});
