import { DataSource } from 'typeorm';
import { dataSourceOptions, loadMigrations } from '../../src/server/database/data-source.js';
import { migrate } from '../../src/server/database/migrate.js';
import { SnakeNamingStrategy } from '../../src/server/database/snake-naming.strategy.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { startTestApp } from '../support/test-app.js';

/** Everything the schema consists of, in words that do not depend on the order of creation. */
const SHAPE = `
  select 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') as line
    from information_schema.columns where table_schema = 'public'
  union all select 'index ' || indexdef from pg_indexes where schemaname = 'public'
  union all select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
    from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
  union all select 'type ' || typname from pg_type where typnamespace = 'public'::regnamespace and typtype = 'e'
  union all select 'function ' || proname from pg_proc where pronamespace = 'public'::regnamespace
  order by 1`;

describe('Migrations', () => {
  const databases: TestDatabase[] = [];
  const open: DataSource[] = [];
  afterAll(async () => {
    for (const dataSource of open) await dataSource.destroy();
    for (const database of databases) await database.drop();
  });

  async function empty(): Promise<TestDatabase> {
    const database = await createTestDatabase({ empty: true });
    databases.push(database);
    return database;
  }
  async function connect(url: string): Promise<DataSource> {
    const dataSource = new DataSource(dataSourceOptions({ url, poolSize: 2 }, { migrations: await loadMigrations() }));
    open.push(await dataSource.initialize());
    return dataSource;
  }
  const shape = async (dataSource: DataSource): Promise<string[]> =>
    (await dataSource.query<{ line: string }[]>(SHAPE))
      .map((row) => row.line)
      .filter((line) => !/\bmigrations(\b|_)/.test(line));

  it('go up, all the way down to nothing, and up again to the same', async () => {
    const { url } = await empty();
    const dataSource = await connect(url);
    await dataSource.runMigrations();
    const first = await shape(dataSource);
    expect(first.length).toBeGreaterThan(20);
    for (const _ of dataSource.migrations) await dataSource.undoLastMigration();
    expect(await shape(dataSource)).toEqual([]);
    await dataSource.runMigrations();
    expect(await shape(dataSource)).toEqual(first);
  });

  it('each step down undoes its own step up', async () => {
    const { url } = await empty();
    const all = await loadMigrations();
    const shapes: string[][] = [];
    for (let count = 0; count <= all.length; count += 1) {
      const dataSource = await new DataSource(
        dataSourceOptions({ url, poolSize: 2 }, { migrations: all.slice(0, count) }),
      ).initialize();
      await dataSource.runMigrations();
      shapes.push(await shape(dataSource));
      await dataSource.destroy();
    }
    const dataSource = await connect(url);
    for (let count = all.length - 1; count >= 0; count -= 1) {
      await dataSource.undoLastMigration();
      expect(await shape(dataSource)).toEqual(shapes[count]);
    }
  });

  it('leave nothing that the entities would still have to change', async () => {
    const server = await startTestApp();
    try {
      const entities = server.app.get(DataSource).options.entities as never;
      const options = {
        ...dataSourceOptions({ url: server.databaseUrl, poolSize: 2 }, { entities }),
        namingStrategy: new SnakeNamingStrategy(),
      };
      const dataSource = await new DataSource(options).initialize();
      const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
      await dataSource.destroy();
      expect(upQueries.map((query) => query.query)).toEqual([]);
    } finally {
      await server.close();
    }
  });

  it('run once when replicas start together', async () => {
    const { url } = await empty();
    const done = await Promise.all([migrate(url), migrate(url), migrate(url)]);
    expect(done.filter((names) => names.length > 0)).toHaveLength(1);
    expect(await migrate(url)).toEqual([]);
  });

  it('are named by their time, each with its own', async () => {
    const names = (await loadMigrations()).map((migration) => migration.name);
    const times = names.map((name) => Number(name.slice(-13)));
    expect(new Set(times).size).toBe(times.length);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
  });
});
