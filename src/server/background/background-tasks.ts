import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { type Runner, run } from 'graphile-worker';
import pg from 'pg';
import { ServerConfig } from '../config/server-config.js';
import { Database } from '../database/database.js';
import { workerLogger } from './worker-logger.js';

export interface BackgroundTask {
  /** Unique, kebab-case; part of the stored jobs, so it never changes. */
  name: string;
  /** Run at least once for each enqueued payload; must be idempotent. Throwing retries with back-off (25 times). */
  run(payload: unknown): Promise<void>;
  /** Also on a schedule: crontab's five fields, UTC. The payload is then null. */
  cron?: string;
}

export interface EnqueueOptions {
  /** Not before. */
  runAt?: Date;
  /** A second job of the same key replaces the first while that is not running. */
  jobKey?: string;
}

/**
 * Server-side work that outlives a request, in Postgres (graphile-worker): any replica may run it, a killed one's work is
 * taken over. A feature registers its tasks in `onModuleInit`; `enqueue` commits with the open transaction.
 *
 *   onModuleInit() { this.tasks.register({ name: 'purge-things', cron: '17 * * * *', run: () => this.purge() }); }
 */
@Injectable()
export class BackgroundTasks implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Background');
  private readonly tasks = new Map<string, BackgroundTask>();
  private pool: pg.Pool | undefined;
  private runner: Runner | undefined;

  constructor(
    private readonly config: ServerConfig,
    private readonly database: Database,
  ) {}

  register(task: BackgroundTask): void {
    if (this.runner) throw new Error(`background task ${task.name} is registered too late; use onModuleInit`);
    if (this.tasks.has(task.name)) throw new Error(`two background tasks are named ${task.name}`);
    this.tasks.set(task.name, task);
  }

  async enqueue(name: string, payload: unknown, { runAt, jobKey }: EnqueueOptions = {}): Promise<void> {
    if (!this.tasks.has(name)) throw new Error(`no background task is named ${name}`);
    await this.database.manager.query(
      'select graphile_worker.add_job($1, payload := $2::json, run_at := $3::timestamptz, job_key := $4)',
      [name, JSON.stringify(payload ?? null), runAt?.toISOString() ?? null, jobKey ?? null],
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.tasks.size === 0) return;
    this.pool = this.newPool();
    this.runner = await run({
      pgPool: this.pool,
      concurrency: 2,
      pollInterval: 2000,
      noHandleSignals: true,
      logger: workerLogger(),
      crontab: [...this.tasks.values()]
        .filter((task) => task.cron !== undefined)
        .map((task) => `${task.cron} ${task.name} ?max=1`)
        .join('\n'),
      taskList: Object.fromEntries(
        [...this.tasks.values()].map((task) => [task.name, (payload: unknown) => this.runTask(task, payload)]),
      ),
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.runner?.stop();
    await this.pool?.end();
  }

  /** Of our own: the library's leaves connections without a listener for errors while it closes, and such an error ends the process. */
  private newPool(): pg.Pool {
    const connectionString = this.config.databaseUrl!;
    const pool = new pg.Pool({ connectionString, max: 4, application_name: 'batchpoint tasks' });
    const cut = (error: Error): void => this.logger.debug(`a database connection was cut: ${error.message}`);
    pool.on('error', cut);
    pool.on('connect', (client) => client.on('error', cut));
    return pool;
  }

  private async runTask(task: BackgroundTask, payload: unknown): Promise<void> {
    const isCron = typeof payload === 'object' && payload !== null && '_cron' in payload;
    try {
      await task.run(isCron ? null : payload);
    } catch (error) {
      this.logger.warn({
        err: error as Error,
        task: task.name,
        msg: 'a background task failed and will be tried again',
      });
      throw error;
    }
  }
}
