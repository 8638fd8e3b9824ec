import { EventEmitter } from 'node:events';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import pg from 'pg';
import { ServerConfig } from '../config/server-config.js';
import { Database } from '../database/database.js';

const CHANNEL = 'batchpoint_changes';
const RECONNECT_MS = 1000;

/**
 * Tells every replica that something changed, through Postgres. `notify` is part of the open transaction: listeners hear
 * of it when, and only if, that commits. Notices carry no data; whoever is woken reads again. One may come twice, and
 * after a lost connection all listeners are woken, since some may have been missed.
 */
@Injectable()
export class ChangeNotifier implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('ChangeNotifier');
  private readonly emitter = new EventEmitter().setMaxListeners(0);
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly config: ServerConfig,
    private readonly database: Database,
  ) {}

  /** False while the connection is down: caches that rely on notices must not be trusted then. */
  get isListening(): boolean {
    return this.client !== undefined;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  async notify(topic: string, id: string): Promise<void> {
    await this.database.manager.query('select pg_notify($1, $2)', [CHANNEL, `${topic}:${id}`]);
  }

  async notifyAll(topic: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const payloads = ids.map((id) => `${topic}:${id}`);
    await this.database.manager.query('select pg_notify($1, payload) from unnest($2::text[]) as payload', [
      CHANNEL,
      payloads,
    ]);
  }

  /** Calls back on each change of `topic` (and `id`, when given; null: of any). Returns what stops it. */
  subscribe(topic: string, id: string | null, callback: (id: string) => void): () => void {
    const event = id === null ? `t:${topic}` : `i:${topic}:${id}`;
    const all = (): void => callback(id ?? '');
    this.emitter.on(event, callback);
    this.emitter.on('all', all);
    return () => {
      this.emitter.off(event, callback);
      this.emitter.off('all', all);
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.listen();
  }

  /** Wakes every long poll, so that requests in flight end and the listener can close. */
  async beforeApplicationShutdown(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    this.emitter.emit('all');
    await this.client?.end().catch(() => undefined);
  }

  private async listen(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.config.databaseUrl,
      application_name: 'batchpoint changes',
      keepAlive: true,
    });
    client.on('notification', ({ payload = '' }) => this.deliver(payload));
    client.on('error', (error) => this.logger.warn(`change notices interrupted: ${error.message}`));
    client.on('end', () => this.reconnect());
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      this.client = client;
      this.emitter.emit('all');
    } catch (error) {
      this.logger.warn(`cannot listen for changes: ${(error as Error).message}`);
      await client.end().catch(() => undefined);
      this.reconnect();
    }
  }

  private reconnect(): void {
    this.client = undefined;
    if (this.closed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.listen(), RECONNECT_MS);
  }

  private deliver(payload: string): void {
    const colon = payload.indexOf(':');
    const [topic, id] = [payload.slice(0, colon), payload.slice(colon + 1)];
    this.emitter.emit(`i:${topic}:${id}`, id);
    this.emitter.emit(`t:${topic}`, id);
  }
}
