import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from './domain-error.js';
import { ERROR_CODES } from './error-codes.js';
import type { ProblemDto } from './problem.dto.js';

/** The only place that turns errors into HTTP: every failure leaves the server as `application/problem+json`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Problem');

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const known = toDomainError(error, request);
    this.log(known, error, request);
    if (reply.sent) return;
    for (const [name, value] of Object.entries(known.headers)) reply.header(name, value);
    void reply.status(known.status).type('application/problem+json').send(toProblem(known, request.id));
  }

  private log(known: DomainError, error: unknown, request: FastifyRequest): void {
    const level = ERROR_CODES[known.code].log;
    if (level === 'error')
      this.logger.error({ err: error, code: known.code, method: request.method, msg: known.message });
    else if (level === 'warn') this.logger.warn({ code: known.code, msg: known.message });
    else if (level === 'info') this.logger.log({ code: known.code, msg: known.message });
    else this.logger.debug({ code: known.code, msg: known.message });
  }
}

export function toProblem(error: DomainError, requestId: string): ProblemDto {
  return {
    type: `urn:batchpoint:error:${error.code}`,
    title: ERROR_CODES[error.code].title,
    status: error.status,
    detail: error.message,
    code: error.code,
    requestId,
    errors: error.errors,
  };
}

/** Every error there is, as one of ours. What cannot be explained by the request is `internal-error` and says nothing. */
export function toDomainError(error: unknown, request?: Pick<FastifyRequest, 'method' | 'url'>): DomainError {
  if (error instanceof DomainError) return error;
  return (
    fromFramework(error, request) ??
    fromDatabase(error) ??
    new DomainError('internal-error', 'The server failed to answer; its log says more under this request id.', {
      cause: error,
    })
  );
}

/** Nest's and Fastify's own errors: routing, body parsing, limits. */
function fromFramework(error: unknown, request?: Pick<FastifyRequest, 'method' | 'url'>): DomainError | undefined {
  const code = property(error, 'code');
  const status = error instanceof HttpException ? error.getStatus() : property(error, 'statusCode');
  const message = error instanceof Error ? error.message : String(error);
  if (status === undefined) return undefined;
  switch (status) {
    case 404:
      return new DomainError(
        'route-not-found',
        `There is no ${request?.method ?? ''} ${request?.url.split('?')[0] ?? ''} here; /docs lists the routes.`,
      );
    case 408:
      return new DomainError('request-timed-out', 'The request did not arrive in time; send it again.');
    case 413:
      return new DomainError('body-too-large', 'The request body is over the limit of 1 MiB.');
    case 414:
      return new DomainError('uri-too-long', 'A part of the path is longer than any id.');
    case 415:
      return new DomainError(
        'unsupported-media-type',
        'Send the body as application/json (PATCH also takes application/merge-patch+json).',
      );
    case 503:
      return new DomainError('shutting-down', 'The server is shutting down; try again.', {
        headers: { 'retry-after': '2' },
      });
    default:
      if (typeof status !== 'number' || status >= 500) return undefined;
      return new DomainError(
        'malformed-request',
        code === 'FST_ERR_CTP_EMPTY_JSON_BODY'
          ? 'The request says it carries JSON but has no body.'
          : `${message || STATUS_CODES[status] || 'The request could not be read'}.`.replace(/\.\.$/, '.'),
      );
  }
}

/** What `pg` says, without a code, of a connection that ended or could not be had in time. */
const CONNECTION_LOST =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;
/** Of the system; then classes 08 connection, 28 credentials, 57P intervention, and 3D000 no such database, 53100 and 53300 out of room. */
const UNREACHABLE =
  /^(ECONNREFUSED|ECONNRESET|ENOENT|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|08...|28...|57P..|3D000|53100|53300)$/;

/** SQLSTATEs that a request can cause or that mean the database is away (PostgreSQL manual, appendix A). */
function fromDatabase(error: unknown): DomainError | undefined {
  const options = { cause: error };
  const away = new DomainError('database-unavailable', 'The database cannot be reached just now; try again.', {
    ...options,
    headers: { 'retry-after': '5' },
  });
  if (error instanceof Error && CONNECTION_LOST.test(error.message)) return away;
  const code = property(error, 'code') ?? property(property(error, 'driverError'), 'code');
  if (typeof code !== 'string') return undefined;
  if (code === '23505') {
    return new DomainError('conflict', 'Another resource with the same unique value exists already.', options);
  }
  if (code === '23503')
    return new DomainError('in-use', 'The change would leave a reference without its target.', options);
  if (code === '40001' || code === '40P01' || code === '55P03') {
    return new DomainError('conflict', 'The change met another one; nothing was written. Send it again.', {
      ...options,
      headers: { 'retry-after': '1' },
    });
  }
  if (
    code === '22021' ||
    code === '22P05' ||
    code === '22003' ||
    code === '22001' ||
    code === '22007' ||
    code === '22008'
  ) {
    return new DomainError(
      'malformed-request',
      'A value in the request cannot be stored: wrong encoding, range or length.',
      options,
    );
  }
  if (UNREACHABLE.test(code)) return away;
  return undefined;
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
