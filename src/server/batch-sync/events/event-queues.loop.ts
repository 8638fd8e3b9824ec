import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { AwsError } from '../../aws/aws-error.js';
import { LinkedEnvironments } from '../../compute-environments/linked-environments.js';
import { ServerConfig } from '../../config/server-config.js';
import { Clock } from '../clock.js';
import { EventQueueReader, type EventsQueue } from './event-queue-reader.js';

/** How often it is looked which queues there are. */
const LOOK_MS = 15_000;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 5 * 60_000;

/** Waits at every queue of events, on every replica. */
@Injectable()
export class EventQueuesLoop implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('AwsEvents');
  private readonly stop = new AbortController();
  private readonly waiting = new Map<string, Promise<void>>();
  /** What is to be read now, by key; a queue that is no longer here is left. */
  private wanted = new Map<string, EventsQueue>();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly config: ServerConfig,
    private readonly reader: EventQueueReader,
    private readonly environments: LinkedEnvironments,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.batchCallsPerSecond > 0) this.running = this.loop();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.running;
    await Promise.all(this.waiting.values());
  }

  private async loop(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      try {
        this.wanted = new Map((await this.reader.queues()).map((queue) => [queue.key, queue]));
        for (const { key } of this.wanted.values()) {
          if (this.waiting.has(key)) continue;
          this.waiting.set(
            key,
            this.follow(key).finally(() => this.waiting.delete(key)),
          );
        }
      } catch (error) {
        this.logger.warn({ err: error as Error, msg: 'cannot tell which queues of events there are; trying again' });
      }
      await this.clock.sleep(LOOK_MS, signal).catch(() => undefined);
    }
  }

  private async follow(key: string): Promise<void> {
    const { signal } = this.stop;
    let failures = 0;
    for (let queue = this.wanted.get(key); queue !== undefined && !signal.aborted; queue = this.wanted.get(key)) {
      try {
        await this.reader.read(queue, { wait: true, signal });
        if (failures > 0) await this.environments.noteEvents(queue.environmentIds, null);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        await this.note(queue, error as Error).catch(() => undefined);
        const pause = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
        await this.clock.sleep(pause * (0.5 + Math.random() / 2), signal).catch(() => undefined);
      }
    }
  }

  private async note({ environmentIds, url }: EventsQueue, error: Error): Promise<void> {
    if (!(error instanceof AwsError)) {
      this.logger.warn({ err: error, queue: url, msg: 'events could not be taken in; they come again' });
    } else if (await this.environments.noteEvents(environmentIds, error.message)) {
      this.logger.warn({ queue: url, code: error.code, msg: `events cannot be read: ${error.message}` });
    }
  }
}
