import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DataSourceOptions, MigrationInterface, MixedList } from 'typeorm';
import { SurvivingClient } from './surviving-client.js';

type Constructor<T> = new () => T;

/** `migrations/` beside `src/`, in the source tree and in the build alike. */
const MIGRATIONS_DIR = join(import.meta.dirname, '../../../migrations');
const MIGRATION_FILE = /^\d{13}-[a-z0-9-]+\.(js|ts)$/;

export interface PostgresOptions {
  /** libpq-style URL; `?host=/directory` for a unix socket. */
  url: string;
  poolSize?: number;
}

/** The one set of TypeORM options. The URL is handed to `pg` as it is, which understands more of them than TypeORM. */
export function dataSourceOptions(
  { url, poolSize = 20 }: PostgresOptions,
  lists: { entities?: MixedList<Constructor<unknown>>; migrations?: Constructor<MigrationInterface>[] } = {},
): DataSourceOptions {
  return {
    type: 'postgres',
    entities: (lists.entities ?? []) as never,
    migrations: lists.migrations ?? [],
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    synchronize: false,
    installExtensions: false,
    extra: {
      connectionString: url,
      max: poolSize,
      application_name: 'batchpoint',
      Client: SurvivingClient,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    },
  };
}

/** Every migration class, in order of its timestamp. The file name and the class name must carry the same one. */
export async function loadMigrations(directory = MIGRATIONS_DIR): Promise<Constructor<MigrationInterface>[]> {
  const files = (await readdir(directory)).filter((file) => MIGRATION_FILE.test(file)).sort();
  return Promise.all(
    files.map(async (file) => {
      const module = (await import(pathToFileURL(join(directory, file)).href)) as Record<string, unknown>;
      const timestamp = file.slice(0, 13);
      const found = Object.values(module).find(
        (value) => typeof value === 'function' && value.name.endsWith(timestamp),
      );
      if (found === undefined) throw new Error(`migrations/${file} exports no class whose name ends in ${timestamp}`);
      return found as Constructor<MigrationInterface>;
    }),
  );
}
