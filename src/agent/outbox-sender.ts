import type { Logger } from 'pino';
import type { Report } from '../protocol/agent-api.js';
import { Backoff } from './backoff.js';
import type { Clock } from './clock.js';
import type { Outbox } from './outbox.js';
import { ServerRefusedError, StaleSessionError, type ServerClient } from './server-client.js';

const BATCH = 200;
/** The directory is looked at this often even when no change was seen: the restore program writes to it too. */
const POLL_MS = 5000;

/** Sends what is in the outbox, oldest first, for as long as a session lasts. */
export class OutboxSender {
  constructor(
    private readonly server: Pick<ServerClient, 'report'>,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** Until `signal` aborts. Throws {@link ServerRefusedError} when the session or the credential is no longer good. */
  async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(500, 60_000);
    let limit = BATCH;
    while (!signal.aborted) {
      const batch = await this.outbox.next(limit);
      if (batch.length === 0) {
        await this.outbox.changed(POLL_MS, signal);
        continue;
      }
      try {
        await this.send(batch, signal);
        backoff.reset();
        limit = BATCH;
      } catch (error) {
        if (signal.aborted) return;
        if (endsSession(error)) throw error;
        if (error instanceof ServerRefusedError) {
          // One report spoils the batch: found by halving, so that the others arrive.
          if (batch.length > 1) limit = Math.ceil(batch.length / 2);
          else await this.outbox.refuse(batch[0]!.id, error.message);
          continue;
        }
        const pause = backoff.next();
        this.log.warn(
          { waiting: this.outbox.waiting, reason: (error as Error).message, retryMs: pause },
          'reports wait for the server',
        );
        await this.clock.sleep(pause, signal);
      }
    }
  }

  /** Sends what there is, without waiting for more or trying again. */
  async flush(signal: AbortSignal): Promise<void> {
    for (let batch = await this.outbox.next(BATCH); batch.length > 0; batch = await this.outbox.next(BATCH))
      await this.send(batch, signal);
  }

  private async send(batch: readonly Report[], signal: AbortSignal): Promise<void> {
    const { rejected } = await this.server.report({ items: [...batch] }, signal);
    const refused = new Map(rejected.map(({ id, detail }) => [id, detail]));
    for (const [id, detail] of refused) await this.outbox.refuse(id, detail);
    await this.outbox.remove(batch.map(({ id }) => id).filter((id) => !refused.has(id)));
  }
}

/** The session is over for this process, whatever it tries. */
export function endsSession(error: unknown): boolean {
  return error instanceof StaleSessionError || (error instanceof ServerRefusedError && error.unauthorised);
}
