import type { DataSource, EntityTarget, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { Database } from './database.js';
import { queryPrepared, type Row } from './prepared-query.js';

/**
 * Reads for routes that are called often: TypeORM's query builder composes its SQL anew each time, and PostgreSQL plans it
 * anew each time, which both cost more than the query itself. Both give entities as `findBy` does, in the transaction the
 * caller is in.
 */

/** The rows of an entity whose `property`, a text column, is one of `values`. */
export async function readRows<E extends ObjectLiteral>(
  { manager }: Database,
  entity: EntityTarget<E>,
  property: keyof E & string,
  values: readonly string[],
): Promise<E[]> {
  const { table, columns, select, hydrate } = readerOf(manager.dataSource, entity);
  const text = `SELECT ${select} FROM ${table} WHERE ${columns.get(property)} = ANY($1)`;
  const rows = await queryPrepared(manager, text, [values]);
  return rows.map(hydrate);
}

/** The one row whose `property` is `value`, and the rows of `children` whose `foreignKey` is its id. Null: there is none. */
export async function readWithChildren<P extends ObjectLiteral & { id: string }, C extends ObjectLiteral>(
  { manager }: Database,
  parent: EntityTarget<P>,
  property: keyof P & string,
  value: string,
  children: EntityTarget<C>,
  foreignKey: keyof C & string,
): Promise<{ row: P; children: C[] } | null> {
  const one = readerOf(manager.dataSource, parent);
  const many = readerOf(manager.dataSource, children);
  const text = `SELECT ${one.select}, ${many.select} FROM ${one.table}
       LEFT JOIN ${many.table} ON ${many.columns.get(foreignKey)} = ${one.columns.get('id')}
      WHERE ${one.columns.get(property)} = $1`;
  const rows = await queryPrepared(manager, text, [value]);
  const [first] = rows;
  if (first === undefined) return null;
  const found = rows.map(many.hydrate).filter((child) => child[foreignKey] !== null);
  return { row: one.hydrate(first), children: found };
}

interface Reader<E> {
  table: string;
  /** By property: qualified and quoted. */
  columns: ReadonlyMap<string, string>;
  /** Under names of its own, so that two entities fit into one row. */
  select: string;
  hydrate: (row: Row) => E;
}

const readers = new WeakMap<DataSource, Map<unknown, Reader<unknown>>>();

function readerOf<E extends ObjectLiteral>(dataSource: DataSource, entity: EntityTarget<E>): Reader<E> {
  const known = readers.get(dataSource) ?? new Map<unknown, Reader<unknown>>();
  readers.set(dataSource, known);
  let reader = known.get(entity);
  if (reader === undefined) known.set(entity, (reader = makeReader(dataSource, entity)));
  return reader as Reader<E>;
}

function makeReader<E extends ObjectLiteral>(dataSource: DataSource, entity: EntityTarget<E>): Reader<E> {
  const { columns, tableName } = dataSource.getMetadata(entity);
  const qualified = (column: ColumnMetadata): string => `"${tableName}"."${column.databaseName}"`;
  const fields = columns.map((column) => ({ column, alias: `${tableName}_${column.databaseName}` }));
  return {
    table: `"${tableName}"`,
    columns: new Map(columns.map((column) => [column.propertyName, qualified(column)])),
    select: fields.map(({ column, alias }) => `${qualified(column)} AS "${alias}"`).join(', '),
    hydrate: (row) => {
      const found: Row = {};
      for (const { column, alias } of fields)
        found[column.propertyName] = dataSource.driver.prepareHydratedValue(row[alias], column);
      return found as E;
    },
  };
}
