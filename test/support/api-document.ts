import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Schema = Record<string, unknown>;
export interface MediaType {
  schema: Schema;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}
export interface Answer {
  description: string;
  content?: Record<string, MediaType>;
}
export interface Operation {
  operationId: string;
  summary?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean; schema: Schema; description?: string }[];
  requestBody?: { content: Record<string, MediaType> };
  responses: Record<string, Answer>;
}
export interface ApiDocument {
  openapi: string;
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/**
 * The committed document, which `npm run openapi:check` holds to be the built one. After a change of the API: `npm run openapi`.
 */
export const apiDocument = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../openapi/openapi.json'), 'utf8'),
) as ApiDocument;

export interface DocumentedOperation {
  method: string;
  path: string;
  operation: Operation;
}

export const operations: DocumentedOperation[] = Object.entries(apiDocument.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
);

/** Every schema in the document with where it stands, nested ones included. */
export function* everySchema(value: unknown = apiDocument, at = ''): Generator<{ at: string; schema: Schema }> {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* everySchema(item, `${at}/${i}`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      // Examples are data, however much they look like schemas.
      if (key === 'example' || key === 'examples') continue;
      if (isSchemaPlace(at, key) && typeof member === 'object' && member !== null)
        yield { at: `${at}/${key}`, schema: member as Schema };
      yield* everySchema(member, `${at}/${key}`);
    }
  }
}

function isSchemaPlace(at: string, key: string): boolean {
  return (
    key === 'schema' ||
    key === 'items' ||
    key === 'additionalProperties' ||
    /\/(schemas|properties|oneOf|anyOf|allOf)$/.test(at)
  );
}
