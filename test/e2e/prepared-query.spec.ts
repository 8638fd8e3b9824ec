import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/server/database/data-source.js';
import { queryPrepared } from '../../src/server/database/prepared-query.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

const READ = 'select name from things where id = $1';
let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createTestDatabase();
  dataSource = await new DataSource(dataSourceOptions({ url: database.url, poolSize: 2 })).initialize();
  await dataSource.query('create table things (id int primary key, name text)');
  await dataSource.query(`insert into things values (1, 'one')`);
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

it('a prepared query gives its connection back, and asks anew for each value', async () => {
  for (let call = 0; call < 10; call += 1)
    expect(await queryPrepared(dataSource.manager, READ, [1])).toEqual([{ name: 'one' }]);
  expect(await queryPrepared(dataSource.manager, READ, [7])).toEqual([]);
});

it('a prepared query sees what its transaction wrote, and nobody else does', async () => {
  await dataSource.transaction(async (manager) => {
    await manager.query(`insert into things values (2, 'two')`);
    expect(await queryPrepared(manager, READ, [2])).toEqual([{ name: 'two' }]);
    expect(await queryPrepared(dataSource.manager, READ, [2])).toEqual([]);
  });
});

it('a prepared query answers on, after a migration of another server changed the table', async () => {
  await queryPrepared(dataSource.manager, READ, [1]);
  await dataSource.query('alter table things add column since timestamptz');
  expect(await queryPrepared(dataSource.manager, READ, [1])).toEqual([{ name: 'one' }]);
});

it('a prepared query that fails says why and leaves the connection usable', async () => {
  for (let call = 0; call < 5; call += 1)
    await expect(queryPrepared(dataSource.manager, READ, ['no number'])).rejects.toMatchObject({ code: '22P02' });
  expect(await queryPrepared(dataSource.manager, READ, [1])).toEqual([{ name: 'one' }]);
});

it('a prepared query is prepared again on a new connection when PostgreSQL cut the old one', async () => {
  await queryPrepared(dataSource.manager, READ, [1]);
  await dataSource.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  const read = (): Promise<unknown> => queryPrepared(dataSource.manager, READ, [1]).catch(() => undefined);
  let answer: unknown;
  for (let tries = 0; tries < 50 && answer === undefined; tries += 1) answer = await read();
  expect(answer).toEqual([{ name: 'one' }]);
});
