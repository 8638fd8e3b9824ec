import { expect, it } from '@jest/globals';
import pg from 'pg';
import { SurvivingClient } from '../../src/server/database/surviving-client.js';
import { createTestDatabase } from '../support/postgres.js';
import { startTestApp } from '../support/test-app.js';

it('a connection that PostgreSQL cuts while its pool closes does not end the process', async () => {
  const database = await createTestDatabase();
  const pool = new pg.Pool({ connectionString: database.url, Client: SurvivingClient });
  await pool.query('select 1');
  await Promise.all([pool.end(), database.drop()]);
});

it('the server answers again after PostgreSQL cut all its connections', async () => {
  const server = await startTestApp();
  const client = new pg.Client({ connectionString: server.databaseUrl });
  await client.connect();
  await client.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await client.end();
  let status = 0;
  for (let tries = 0; tries < 50 && status !== 200; tries += 1) status = (await server.api('get', '/jobs')).status;
  expect(status).toBe(200);
  await server.close();
});
