import type { Logger } from 'pino';
import { Backoff } from '../backoff.js';
import type { Clock } from '../clock.js';
import type { DockerEngine, Inspection } from './docker-engine.js';

/** What Docker's event says beyond what `inspect` shows, for containers that are gone by the time we look. */
export interface ContainerEnd {
  exitCode: number | null;
  at: string;
}

/** Told of every container of the host, one call at a time. A call may repeat what is known. */
export interface ContainerObserver {
  /** The engine answers, for the first time or again; it may be another one. Containers follow. */
  connected(): Promise<void>;
  seen(container: Inspection): Promise<void>;
  /** Docker no longer has it. `end` when its end was observed. */
  gone(containerId: string, end: ContainerEnd | null): Promise<void>;
  /** All containers were just listed: those the observer knows and the list lacks are gone. */
  listed(containerIds: ReadonlySet<string>): Promise<void>;
}

interface DockerEvent {
  Action?: string;
  Actor?: { ID?: string; Attributes?: Record<string, string> };
  timeNano?: number;
}

/** Events after which a container looks different. Exec events carry their command in the name and are passed over. */
const INTERESTING = new Set(['create', 'start', 'die', 'destroy', 'pause', 'unpause', 'rename']);

/**
 * Follows Docker: events as they come, and a full list at start and after every reconnect, so that nothing that
 * happened while the engine or this agent was away is missed.
 */
export class ContainerWatch {
  private queue: Promise<unknown> = Promise.resolve();
  private listedOnce!: () => void;
  /** Resolves when the first list was taken in. */
  readonly ready = new Promise<void>((resolve) => (this.listedOnce = resolve));
  /** True while a list is taken in: what is told now may have happened long ago. */
  catchingUp = true;

  constructor(
    private readonly docker: DockerEngine,
    private readonly observer: ContainerObserver,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(500, 15_000);
    while (!signal.aborted) {
      try {
        await this.follow(signal, () => backoff.reset());
        if (!signal.aborted) this.log.warn('Docker closed the event stream; connecting again');
      } catch (error) {
        if (signal.aborted) break;
        this.log.warn({ reason: (error as Error).message }, 'Docker does not answer; jobs are seen again when it does');
      }
      await this.clock.sleep(backoff.next(), signal);
    }
    await this.queue;
  }

  private async follow(signal: AbortSignal, connected: () => void): Promise<void> {
    // Listening before listing: what happens in between comes as an event.
    const stream = (await this.docker.api.getEvents({
      filters: JSON.stringify({ type: ['container'] }),
    })) as NodeJS.ReadableStream & { destroy(): void };
    const stop = (): void => stream.destroy();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const ended = new Promise<void>((resolve, reject) => {
        stream.once('error', reject);
        stream.once('close', resolve);
        stream.once('end', resolve);
      });
      let rest = '';
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.take(line);
      });
      ended.catch(() => undefined);
      await this.enqueue(() => this.list());
      connected();
      this.listedOnce();
      await ended;
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
    }
  }

  private async list(): Promise<void> {
    this.catchingUp = true;
    await this.observer.connected();
    const ids = await this.docker.containerIds();
    for (const id of ids) await this.look(id, null);
    await this.observer.listed(new Set(ids));
    this.catchingUp = false;
  }

  private take(line: string): void {
    if (line.trim() === '') return;
    const event = JSON.parse(line) as DockerEvent;
    const id = event.Actor?.ID;
    if (id === undefined || !INTERESTING.has(event.Action ?? '')) return;
    const end = event.Action === 'die' ? endOf(event) : null;
    void this.enqueue(() => this.look(id, end)).catch((error: Error) =>
      this.log.error(
        { containerId: id, reason: error.message },
        'a container could not be looked at; the next event or list will',
      ),
    );
  }

  private async look(id: string, end: ContainerEnd | null): Promise<void> {
    const found = await this.docker.inspect(id);
    if (found !== null) await this.observer.seen(found);
    else await this.observer.gone(id, end);
  }

  /** One at a time and in order, so that the observer needs no locks. */
  private enqueue(work: () => Promise<void>): Promise<void> {
    const next = this.queue.then(work);
    this.queue = next.catch(() => undefined);
    return next;
  }
}

function endOf(event: DockerEvent): ContainerEnd {
  const exitCode = Number(event.Actor?.Attributes?.['exitCode'] ?? NaN);
  return {
    exitCode: Number.isInteger(exitCode) ? exitCode : null,
    at: new Date(Number(event.timeNano ?? Date.now() * 1e6) / 1e6).toISOString(),
  };
}
