import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FastifyInstance } from 'fastify';
import { apiDocument, type Answer, operations } from './api-document.js';

/**
 * Holds every answer the server gives in a test to the OpenAPI document: its status must be documented for the operation, and
 * its body must fit the schema, with no field the schema does not name. `conformance.set-up.ts` fails the test during which an
 * answer did not. What was answered is noted in the folder named by BPTEST_ANSWERS, by which a whole run is checked for
 * documented answers nobody ever saw (`scripts/unseen-answers.js`).
 */
export function observeAnswers(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) registered.add(`${one} ${documentedPath(url)}`);
  });
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const { url } = request.routeOptions;
    const body = typeof payload === 'string' || Buffer.isBuffer(payload) ? String(payload) : '';
    if (url !== undefined)
      check(request.method, url, reply.statusCode, String(reply.getHeader('content-type') ?? ''), body);
    done(null, payload);
  });
}

/** Every route the server of this test file has: `GET /api/v1/jobs/{id}`. */
export const registered = new Set<string>();
const documentedPath = (url: string): string => url.replaceAll(/:(\w+)/g, '{$1}');

let found: string[] = [];

/** What did not conform since the last call. */
export function takeNonconformities(): string[] {
  const taken = found;
  found = [];
  return taken;
}

const index = new Map(operations.map(({ method, path, operation }) => [`${method.toUpperCase()} ${path}`, operation]));
const seen = new Set<string>();

function check(method: string, url: string, status: number, contentType: string, body: string): void {
  const operation = index.get(`${method} ${documentedPath(url)}`);
  // Not of the API: /docs. That every route of the API is in the document is `every-route.spec.ts`'s business.
  if (operation === undefined) return;
  const { operationId, responses } = operation;
  note(operationId, status);
  const documented = responses[status] ?? (status >= 500 ? responses.default : undefined);
  if (documented === undefined) {
    found.push(`${operationId} answered ${status}, which is not documented: ${body.slice(0, 500)}`);
    return;
  }
  const problem = misfit(documented, contentType, body);
  if (problem !== undefined) found.push(`${operationId} ${status}: ${problem}\n${body.slice(0, 2000)}`);
}

function misfit({ content }: Answer, contentType: string, body: string): string | undefined {
  if (content === undefined) return body === '' ? undefined : 'has a body, and none is documented';
  const type = contentType.split(';')[0]!.trim();
  const media = content[type];
  if (media === undefined)
    return `is ${type || 'without a content type'}, documented is ${Object.keys(content).join(', ')}`;
  if (!type.endsWith('json')) return undefined;
  const validate = validatorOf(media.schema);
  if (validate(JSON.parse(body))) return undefined;
  return (validate.errors ?? [])
    .map((error) => `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`)
    .join('\n');
}

const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }));
ajv.addSchema(closed(apiDocument) as object, 'openapi');
const validators = new Map<string, ValidateFunction>();

function validatorOf(schema: object): ValidateFunction {
  const text = JSON.stringify(closed(schema)).replaceAll('"#/components/', '"openapi#/components/');
  let validate = validators.get(text);
  if (validate === undefined) validators.set(text, (validate = ajv.compile(JSON.parse(text) as object)));
  return validate;
}

/** A field that is in the answer and not in the document is a mistake, though JSON Schema by itself lets it pass. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, key === 'example' ? member : closed(member)]),
  );
  const isObject = members.type === 'object' && typeof members.properties === 'object';
  return isObject && !('additionalProperties' in members) ? { ...members, additionalProperties: false } : members;
}

function note(operationId: string, status: number): void {
  const directory = process.env.BPTEST_ANSWERS;
  const line = `${operationId} ${status}`;
  if (directory === undefined || seen.has(line)) return;
  seen.add(line);
  mkdirSync(directory, { recursive: true });
  appendFileSync(join(directory, `${process.pid}.txt`), `${line}\n`);
}
