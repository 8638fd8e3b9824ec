import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { ServerConfig } from '../config/server-config.js';
import { BatchSync } from './batch-sync.service.js';
import { Clock } from './clock.js';

/** How often it is looked what is due. Asking AWS is another matter: see `queue-reader.ts` and `jobs/batch-look.ts`. */
const TICK_MS = 10_000;

/** Runs the sync again and again, on every replica. A failure of the database is waited out. */
@Injectable()
export class BatchSyncLoop implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('BatchSync');
  private readonly stop = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly config: ServerConfig,
    private readonly sync: BatchSync,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.batchCallsPerSecond > 0) this.running = this.loop();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.running;
  }

  private async loop(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      try {
        await this.sync.run(signal);
      } catch (error) {
        if (!signal.aborted) this.logger.warn({ err: error as Error, msg: 'the sync of jobs failed; trying again' });
      }
      await this.clock.sleep(TICK_MS * (0.75 + Math.random() / 2), signal).catch(() => undefined);
    }
  }
}
