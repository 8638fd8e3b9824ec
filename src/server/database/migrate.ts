import { runMigrations as migrateGraphileWorker } from 'graphile-worker';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions, loadMigrations } from './data-source.js';
import { workerLogger } from '../background/worker-logger.js';

/** Any number no one else uses; ASCII "bpmigr". */
const MIGRATION_LOCK = 0x62706d696772;

/**
 * Brings the schema (ours and graphile-worker's) up to this build. Replicas that start together wait for the one that
 * got the lock, then find nothing to do. Returns the names of the migrations run.
 */
export async function migrate(url: string): Promise<string[]> {
  return withMigrationLock(url, async () => {
    const dataSource = new DataSource(dataSourceOptions({ url, poolSize: 2 }, { migrations: await loadMigrations() }));
    await dataSource.initialize();
    try {
      const done = await dataSource.runMigrations();
      await migrateGraphileWorker({ connectionString: url, maxPoolSize: 2, logger: workerLogger() });
      return done.map((migration) => migration.name);
    } finally {
      await dataSource.destroy();
    }
  });
}

/** True when the database has run every migration of this build. Needs an initialised DataSource with any entities. */
export async function isMigrated(dataSource: DataSource): Promise<boolean> {
  const expected = await loadMigrations();
  const rows: { name: string }[] = await dataSource.query('select name from migrations');
  const done = new Set(rows.map((row) => row.name));
  return expected.every((migration) => done.has(migration.name));
}

/** A session-level lock: it goes with the connection, so a killed server never leaves it behind. */
export async function withMigrationLock<T>(url: string, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'batchpoint migrations' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await work();
  } finally {
    await client.end();
  }
}
