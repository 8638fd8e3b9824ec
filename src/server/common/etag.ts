import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EntityTarget, FindOptionsWhere } from 'typeorm';
import type { BaseEntity } from '../database/base.entity.js';
import type { Database } from '../database/database.js';
import { DomainError } from './domain-error.js';

/**
 * A resource's strong ETag is its row version in quotes. DTOs of single resources carry `version`; `response.interceptor.ts`
 * sets the header from it, `handleNotModified` answers 304, and writes check `If-Match` through `lockForUpdate`.
 */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/** The `If-Match` of a write: the versions it accepts; undefined when absent or `*`. Pass it to `lockForUpdate`. */
export type IfMatchVersions = readonly number[] | undefined;

export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext): IfMatchVersions => {
  return parseIfMatch(context.switchToHttp().getRequest<FastifyRequest>().headers['if-match']);
});

export function parseIfMatch(header: string | undefined): IfMatchVersions {
  if (header === undefined || header.trim() === '*') return undefined;
  // Weak and foreign tags never match a strong one (RFC 9110, 13.1.1): they leave no acceptable version.
  return header
    .split(',')
    .map((tag) => /^"(\d{1,15})"$/.exec(tag.trim())?.[1])
    .filter((version) => version !== undefined)
    .map(Number);
}

/**
 * Reads the row to be changed, locked until the transaction ends. Undefined when there is none: the caller knows how to say so.
 * Throws `version-mismatch` (412) when it is not at a version the client asked for.
 */
export async function lockForUpdate<E extends BaseEntity>(
  database: Database,
  entity: EntityTarget<E>,
  id: string,
  ifMatch?: IfMatchVersions,
): Promise<E | undefined> {
  const where = { id } as FindOptionsWhere<E>;
  const row = await database.repository(entity).findOne({ where, lock: { mode: 'pessimistic_write' } });
  if (row !== null) checkVersion(row, ifMatch);
  return row ?? undefined;
}

export function checkVersion(row: { version: number }, ifMatch: IfMatchVersions): void {
  if (ifMatch === undefined || ifMatch.includes(row.version)) return;
  throw new DomainError(
    'version-mismatch',
    `The resource is now at ETag ${etagOf(row.version)}, which If-Match does not name; read it again and repeat the change.`,
  );
}

/** Fastify `onSend` hook: a GET whose `If-None-Match` names the current ETag is answered 304 without a body. */
export function handleNotModified(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  const etag = reply.getHeader('etag');
  const asked = request.headers['if-none-match'];
  if (request.method !== 'GET' || reply.statusCode !== 200 || typeof etag !== 'string' || asked === undefined)
    return payload;
  const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');
  if (asked.trim() !== '*' && !asked.split(',').some((tag) => opaque(tag) === etag)) return payload;
  reply.code(304).removeHeader('content-type').removeHeader('content-length');
  return '';
}
