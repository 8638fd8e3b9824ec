import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { EmbeddedPostgres } from '../../src/server/database/embedded-postgres.js';
import { migrate } from '../../src/server/database/migrate.js';

/**
 * A real PostgreSQL for tests: one server a run (`server.set-up.js`), one database a test file.
 *
 *   const database = await createTestDatabase();          // all migrations have run
 *   const empty = await createTestDatabase({ empty: true });
 *   ... database.url ...
 *   await database.drop();
 */
export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

const URL_VARIABLE = 'BPTEST_POSTGRES_URL';
const TEMPLATE = 'migrated';
const PREFIX = 'bp-test-postgres-';

let running: { postgres: EmbeddedPostgres; dataDir: string } | undefined;

export async function startTestPostgres(): Promise<void> {
  Logger.overrideLogger(false);
  await removeAbandoned();
  const dataDir = mkdtempSync(`/tmp/${PREFIX}${process.pid}-`);
  // Else PostgreSQL, which runs as another user, would have to keep its data elsewhere.
  chmodSync(dataDir, 0o755);
  const postgres = await EmbeddedPostgres.start({ dataDir, log: () => undefined });
  running = { postgres, dataDir };
  process.env[URL_VARIABLE] = postgres.url;
  await administer(`create database ${TEMPLATE}`);
  await migrate(urlOf(TEMPLATE));
}

export async function stopTestPostgres(): Promise<void> {
  await running?.postgres.stop();
  if (running) rmSync(running.dataDir, { recursive: true, force: true });
}

export async function createTestDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  await administer(`create database ${name} ${empty ? '' : `template ${TEMPLATE}`}`);
  return { url: urlOf(name), drop: () => administer(`drop database ${name} with (force)`) };
}

function urlOf(database: string): string {
  const url = process.env[URL_VARIABLE];
  if (url === undefined)
    throw new Error('no test PostgreSQL: run this file in the "server" tier (test/{e2e,contract,architecture})');
  return url.replace('/batchpoint?', `/${database}?`);
}

/** Copies of one template wait for each other: only one session may be connected to it. */
async function administer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf('postgres') });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock(1)');
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** What a killed run left. */
async function removeAbandoned(): Promise<void> {
  for (const entry of readdirSync('/tmp').filter((name) => name.startsWith(PREFIX))) {
    if (existsSync(`/proc/${entry.slice(PREFIX.length).split('-')[0]}`)) continue;
    const pidFile = join('/tmp', entry, 'postgres/postmaster.pid');
    if (existsSync(pidFile)) {
      try {
        process.kill(Number(readFileSync(pidFile, 'utf8').split('\n')[0]), 'SIGQUIT');
        await sleep(500);
      } catch {
        // Gone already.
      }
    }
    rmSync(join('/tmp', entry), { recursive: true, force: true });
  }
}
