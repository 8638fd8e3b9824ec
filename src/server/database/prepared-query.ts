import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { EntityManager } from 'typeorm';

export type Row = Record<string, unknown>;

/** By statement: each is prepared once on each connection under its name. */
const names = new Map<string, string>();

/**
 * A query that PostgreSQL parses and plans once a connection instead of once a call, in the transaction the manager is in.
 * For the few that run often: `text` must come from a small, fixed set. Throws what `pg` throws.
 */
export async function queryPrepared(manager: EntityManager, text: string, values: unknown[]): Promise<Row[]> {
  const runner = manager.queryRunner ?? manager.dataSource.createQueryRunner();
  try {
    const client = (await runner.connect()) as pg.PoolClient;
    const { rows } = await client.query<Row>({ name: nameOf(text), text, values });
    return rows;
  } finally {
    if (runner !== manager.queryRunner) await runner.release();
  }
}

/** At most 63 bytes are told apart. */
function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) names.set(text, (name = createHash('sha1').update(text).digest('hex')));
  return name;
}
