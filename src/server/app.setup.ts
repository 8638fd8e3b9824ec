import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type DynamicModule, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { DomainError } from './common/domain-error.js';
import { handleNotModified } from './common/etag.js';
import { toDomainError, toProblem } from './common/problem.filter.js';
import { type RequestContext, runInRequestContext } from './common/request-context.js';
import { readTls } from './config/load-config.js';
import type { ServerConfig } from './config/server-config.js';
import { PinoLogger, createPino } from './logging/logging.js';
import { observeRequests } from './metrics/http-metrics.js';
import { serveDocs } from './openapi-document.js';

export const API_PREFIX = 'api/v1';
export const BODY_LIMIT_BYTES = 1024 * 1024;
/** Longest part of a path: no id of ours or of AWS comes near. */
const MAX_PARAM_LENGTH = 255;
/** Less than the ten seconds after which Docker kills. */
const CLOSE_TIMEOUT_MS = 8000;

/** The application as every program runs it: server, tests, OpenAPI. Not connected to anything yet; see {@link startApp}. */
export async function createApp(module: DynamicModule, config: ServerConfig): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    genReqId,
    clientErrorHandler: refuseNonsense,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(error, request, reply);
    },
    ...(config.usesTls ? { https: readTls(config) } : {}),
  } as never);
  const logger = new PinoLogger(createPino(config.logLevel));
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger,
    abortOnError: false,
    // Nest would add forms; Fastify's own JSON parser is all there is to be.
    bodyParser: false,
  });
  app.setGlobalPrefix(API_PREFIX, { exclude: ['livez', 'readyz', 'version', 'metrics'] });
  const fastify = adapter.getInstance<FastifyInstance>();
  acceptMergePatch(fastify);
  addHooks(fastify);
  return app;
}

/** Connects the database, then lets every module start. */
export async function startApp(app: NestFastifyApplication): Promise<void> {
  const dataSource = app.get(DataSource);
  if (!dataSource.isInitialized) await dataSource.initialize();
  serveDocs(app);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
}

/**
 * Stops listening, ends long polls, lets requests in flight finish, then cuts what is left: Node would wait for ever for a
 * connection that never sent a request.
 */
export async function closeApp(app: NestFastifyApplication): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  const closed = app.close();
  const deadline = Date.now() + CLOSE_TIMEOUT_MS;
  const cut = setInterval(() => {
    if ((inFlight.get(fastify.server) ?? 0) === 0 || Date.now() > deadline) fastify.server.closeAllConnections();
  }, 50);
  await closed.finally(() => clearInterval(cut));
}

/** Requests being answered, by server. */
const inFlight = new WeakMap<object, number>();

function genReqId(request: { headers: Record<string, string | string[] | undefined> }): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:/+=-]{1,128}$/.test(given) ? given : randomUUID();
}

/** JSON and JSON merge patches; anything else is 415. */
function acceptMergePatch(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeContentTypeParser('text/plain');
  fastify.addContentTypeParser('application/merge-patch+json', { parseAs: 'string' }, parse);
}

function addHooks(fastify: FastifyInstance): void {
  const access = new Logger('Access');
  fastify.addHook('onRequest', (request, reply, done) => {
    count(fastify, 1);
    reply.header('x-request-id', request.id);
    done();
  });
  // After the body has been parsed, whose events would lose the context.
  fastify.addHook('preValidation', (request, reply, done) => {
    runInRequestContext(contextOf(request, reply), done);
  });
  fastify.addHook('onSend', (request, reply, payload, done) => {
    done(null, handleNotModified(request, reply, payload));
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    count(fastify, -1);
    const seconds = reply.elapsedTime / 1000;
    observeRequests(request, reply, seconds);
    const path = request.url.split('?')[0];
    const fields = { requestId: request.id, method: request.method, path, status: reply.statusCode, seconds };
    // Plain reads and the agents' polls are many and say little; what changed or failed is worth a line.
    if (reply.statusCode >= 400 || request.method !== 'GET') access.log({ ...fields, msg: 'request' });
    else access.debug({ ...fields, msg: 'request' });
    done();
  });
}

function count({ server }: FastifyInstance, change: number): void {
  inFlight.set(server, (inFlight.get(server) ?? 0) + change);
}

function contextOf(request: FastifyRequest, reply: FastifyReply): RequestContext {
  const traceparent = request.headers.traceparent;
  let controller: AbortController | undefined;
  return {
    requestId: request.id,
    traceparent:
      typeof traceparent === 'string' && /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent)
        ? traceparent
        : undefined,
    waitMs: 0,
    // Made on first use: few requests wait.
    get signal() {
      if (controller === undefined) {
        const created = (controller = new AbortController());
        reply.raw.once('close', () => created.abort());
      }
      return controller.signal;
    },
  };
}

/** Bytes that are no HTTP request: there is no request to answer yet, only a socket. */
function refuseNonsense(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const known =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? new DomainError('request-timed-out', 'The request did not arrive in time; send it again.')
      : new DomainError('malformed-request', `This is not an HTTP request: ${error.message}.`);
  const body = JSON.stringify(toProblem(known, randomUUID()));
  const reason = STATUS_CODES[known.status];
  const head = `HTTP/1.1 ${known.status} ${reason}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  socket.end(head + body);
}

/** For what fails before Nest is reached: a URL that cannot be decoded, an over-long path. */
function sendProblem(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const known = toDomainError(error, request);
  const body = JSON.stringify(toProblem(known, request.id));
  void reply.header('x-request-id', request.id).code(known.status).type('application/problem+json').send(body);
}
