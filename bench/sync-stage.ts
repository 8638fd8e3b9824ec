import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { AppModule } from '../src/server/app.module.js';
import { closeApp, createApp, startApp } from '../src/server/app.setup.js';
import { BatchSync } from '../src/server/batch-sync/batch-sync.service.js';
import { Clock } from '../src/server/batch-sync/clock.js';
import { AwsEnvironmentDto } from '../src/server/compute-environments/dto/aws-environment.dto.js';
import { loadConfig } from '../src/server/config/load-config.js';
import { Database } from '../src/server/database/database.js';
import { EmbeddedPostgres } from '../src/server/database/embedded-postgres.js';
import { migrate } from '../src/server/database/migrate.js';
import { ApiClient } from '../src/standalone/api-client.js';
import { FakeBatch } from '../test/fakes/fake-batch.js';

/** The server with a PostgreSQL of its own, and the stand-in for AWS Batch, in this process. */
export interface SyncStage {
  batch: FakeBatch;
  /** As the sync sees it, milliseconds: goes on by itself, and jumps over every pause of the sync. */
  now: () => number;
  /** One turn of the server's loop: its pause, and the sync of what is due then. */
  turn: () => Promise<void>;
  sync: () => Promise<void>;
  query: <Row>(sql: string, parameters?: unknown[]) => Promise<Row[]>;
  /** An environment that AWS is asked about, as its registration leaves it. */
  link: (queueArns: readonly string[]) => Promise<void>;
  strike: () => Promise<void>;
}

/** As the loop waits on average. */
const TURN_MS = 10_000;

export async function setSyncStage(): Promise<SyncStage> {
  const dir = mkdtempSync('/tmp/bpbench-');
  chmodSync(dir, 0o755); // PostgreSQL's user must reach its part
  const cleanUp: (() => Promise<void>)[] = [async () => rmSync(dir, { recursive: true, force: true })];
  const strike = async (): Promise<void> => {
    for (const undo of cleanUp.splice(0).reverse()) await undo();
  };
  Logger.overrideLogger(['warn', 'error', 'fatal']);
  try {
    const postgres = await EmbeddedPostgres.start({ dataDir: dir, log: () => undefined });
    cleanUp.push(() => postgres.stop());
    await migrate(postgres.url);
    const batch = await FakeBatch.start();
    cleanUp.push(() => batch.close());
    const [token, tokenFile] = [randomBytes(32).toString('base64url'), join(dir, 'admin-token')];
    writeFileSync(tokenFile, token, { mode: 0o600 });
    // The loop is off: its turns are taken here, one after another. A sync by hand keeps to the default limit.
    const off = ['--batch-calls-per-second', '0', '--log-level', 'warn', '--port', '0'];
    const config = loadConfig([...off, '--database-url', postgres.url, '--admin-token-file', tokenFile], {});
    const app = await createApp(AppModule.forConfig(config), config);
    cleanUp.push(() => closeApp(app));
    const clock = app.get(Clock);
    let skipped = 0;
    clock.now = () => Date.now() + skipped;
    clock.sleep = (ms) => {
      skipped += ms;
      return Promise.resolve();
    };
    await startApp(app);
    await app.listen(0, '127.0.0.1');
    const api = new ApiClient(await app.getUrl(), token);
    const query: SyncStage['query'] = (sql, parameters) => app.get(Database).manager.query(sql, parameters);
    const sync = (): Promise<void> => app.get(BatchSync).run();
    return {
      batch,
      now: () => clock.now(),
      sync,
      turn: async () => {
        await clock.sleep(TURN_MS);
        await sync();
      },
      query,
      link: async (queueArns) => {
        const { id } = await api.post<{ id: string }>('/compute-environments', { name: 'bench' });
        const jobQueues = queueArns.map((arn) => ({ arn, name: arn.split('/').at(-1), state: 'ENABLED', priority: 1 }));
        const aws = { ...AwsEnvironmentDto.example, launchTemplate: null, lostLaunchTemplate: null, jobQueues };
        await query(`update compute_environments set region = 'us-east-1', aws = $2 where id = $1`, [
          id,
          JSON.stringify(aws),
        ]);
      },
      strike,
    };
  } catch (error) {
    await strike();
    throw error;
  }
}
