import { createHash } from 'node:crypto';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { DomainError } from './domain-error.js';
import { EnumField } from './fields.js';
import { DEFAULT_PAGE_SIZE, type Page, type PageQueryDto } from './page.dto.js';

/** Sort keys a list offers: public name -> entity property. Columns must be NOT NULL; ties are broken by id. */
export type Sortable<E> = Readonly<Record<string, keyof E & string>>;

/** `sort` for a query DTO: each key, ascending, and with `-` in front, descending. */
export function SortField(
  sortable: Sortable<never> | readonly string[],
  enumName: string,
  byDefault: string,
): PropertyDecorator {
  const keys = Array.isArray(sortable) ? (sortable as readonly string[]) : Object.keys(sortable);
  return EnumField(
    keys.flatMap((key) => [key, `-${key}`]),
    enumName,
    { optional: true, default: byDefault, example: byDefault, description: 'The order; `-` in front: descending.' },
  );
}

/**
 * One page of `builder`'s rows, by keyset: no row is seen twice or left out however many are written meanwhile.
 * The caller adds its filters to `builder` (without order, limit or offset); all members of `query` but the page ones
 * count as filters, and a page token only fits the query it came from.
 *
 *   const builder = this.database.repository(Host).createQueryBuilder('host');
 *   if (query.status) builder.andWhere('host.status = :status', { status: query.status });
 *   return paginate(builder, query, { sortable: HOST_SORT, defaultSort: '-createdAt', map: toHostDto });
 */
export async function paginate<E extends ObjectLiteral & { id: string }, T>(
  builder: SelectQueryBuilder<E>,
  query: PageQueryDto & { sort?: string },
  { sortable, defaultSort, map }: { sortable: Sortable<E>; defaultSort: string; map: (row: E) => T },
): Promise<Page<T>> {
  const { pageSize = DEFAULT_PAGE_SIZE, pageToken, ...filters } = query;
  const sort = query.sort ?? defaultSort;
  const descending = sort.startsWith('-');
  const property = sortable[descending ? sort.slice(1) : sort];
  if (property === undefined) throw new Error(`the list has no sort key ${sort}`);
  const binding = bind({ ...filters, sort });

  const column = `${builder.alias}.${property}`;
  const id = `${builder.alias}.id`;
  if (pageToken !== undefined) {
    const position = decode(pageToken, binding);
    builder.andWhere(`(${column}, ${id}) ${descending ? '<' : '>'} (:pageValue, :pageId)`, {
      pageValue: position.value,
      pageId: position.id,
    });
  }
  const order = descending ? 'DESC' : 'ASC';
  builder.orderBy(column, order);
  if (property !== 'id') builder.addOrderBy(id, order);
  const rows = await builder.limit(pageSize + 1).getMany();
  const items = rows.slice(0, pageSize);
  const last = items.at(-1);
  const more = rows.length > pageSize && last !== undefined;
  return {
    items: items.map(map),
    nextPageToken: more ? encode({ value: plain(last[property]), id: last.id }, binding) : null,
  };
}

interface Position {
  value: string | number;
  id: string;
}

function plain(value: unknown): string | number {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw new Error('sort columns must be text, numbers or times');
}

/** Ties a token to the filters and the order it was made for. */
function bind(filters: Record<string, unknown>): string {
  const set = Object.entries(filters).filter(([, value]) => value !== undefined);
  const text = JSON.stringify(set.sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(text).digest('base64url').slice(0, 12);
}

function encode({ value, id }: Position, binding: string): string {
  return Buffer.from(JSON.stringify([binding, value, id])).toString('base64url');
}

function decode(token: string, binding: string): Position {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    throw invalidToken('is not one this server gave out');
  }
  if (!Array.isArray(parts) || parts.length !== 3) throw invalidToken('is not one this server gave out');
  const [bound, value, id] = parts as unknown[];
  if (bound !== binding) throw invalidToken('came from a list with other filters or another order');
  if (
    (typeof value !== 'string' && typeof value !== 'number') ||
    typeof id !== 'string' ||
    `${value}${id}`.includes('\0')
  ) {
    throw invalidToken('is not one this server gave out');
  }
  return { value, id };
}

function invalidToken(reason: string): DomainError {
  const detail = `The page token ${reason}; start again without it.`;
  return new DomainError('invalid-page-token', detail, {
    errors: [{ pointer: '?pageToken', code: 'invalid', detail }],
  });
}
