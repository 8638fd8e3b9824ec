import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { ERROR_CODES } from '../../src/server/common/error-codes.js';
import { apiDocument, everySchema, type MediaType, operations } from '../support/api-document.js';

const VERBS = /^(get|list|create|update|delete|cancel|verify|register|deregister|enrol|open|send|take|put)[A-Z]/;

/**
 * What agents send is written down once, as the zod schemas that check it, and stands in the document as those say it. No client
 * is generated for it: agents are ours. The rules about names hold for everything else.
 */
const sentByAgents = operations
  .filter(({ operation }) => operation.tags?.[0] === 'Agent')
  .flatMap(({ operation }) => Object.values(operation.requestBody?.content ?? {}))
  .map(({ schema }) => String(schema.$ref).replace('#', ''));
const isNamed = (at: string): boolean => /^\/components\/schemas\/\w+$/.test(at);
const isOfAgents = (at: string): boolean => sentByAgents.some((place) => at.startsWith(place));

describe('The OpenAPI document', () => {
  it('is OpenAPI 3.1', () => {
    expect(apiDocument.openapi).toBe('3.1.0');
  });

  it('names every operation once, by a verb and a noun', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    expect(ids.filter((id) => !VERBS.test(id) || !/^[a-zA-Z]+$/.test(id))).toEqual([]);
  });

  it('begins the ids of operations as their methods do', () => {
    const wrong = operations.filter(({ method, operation: { operationId } }) => {
      if (method === 'get') return !/^(get|list|take)/.test(operationId);
      if (method === 'patch') return !operationId.startsWith('update');
      return /^(get|list|update)/.test(operationId);
    });
    expect(wrong.map(({ operation }) => operation.operationId)).toEqual([]);
  });

  it('gives each operation one tag, and describes every tag', () => {
    const described = apiDocument.tags.map((tag) => tag.name);
    for (const { operation } of operations) {
      expect(operation.tags).toHaveLength(1);
      expect(described).toContain(operation.tags![0]);
    }
    const used = new Set(operations.flatMap(({ operation }) => operation.tags));
    expect(described.filter((name) => !used.has(name))).toEqual([]);
  });

  it('sums up every operation in a few words without a full stop', () => {
    const wrong = operations.filter(
      ({ operation: { summary } }) =>
        summary === undefined || summary.length > 60 || summary.endsWith('.') || !/^[A-Z]/.test(summary),
    );
    expect(wrong.map(({ operation }) => `${operation.operationId}: ${operation.summary}`)).toEqual([]);
  });

  it('has plural kebab-case paths and camelCase parameters', () => {
    for (const { path } of operations) {
      for (const segment of path.split('/').filter(Boolean)) {
        if (segment.startsWith('{')) expect(segment).toMatch(/^\{[a-z][a-zA-Z]*\}$/);
        // A checksum stands beside its file, as everywhere.
        else expect(segment).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*(\.sha256)?$/);
      }
      // What may be singular: the prefix and its version, the agents' corner, things there is only one of, probes.
      const resources = path.split('/').filter((segment) => segment !== '' && !segment.startsWith('{'));
      const singular = resources.filter(
        (segment) =>
          !/s$/.test(segment) &&
          ![
            'api',
            'v1',
            'agent',
            'cancellation',
            'mount-script',
            'result',
            'sync',
            'iam-policy',
            'user-data',
            'install-agent',
            'install-agent.sha256',
            'livez',
            'readyz',
            'version',
          ].includes(segment),
      );
      expect(singular).toEqual([]);
    }
    for (const { operation } of operations) {
      for (const { name, in: place, description, schema } of operation.parameters ?? []) {
        if (place !== 'header') expect(name).toMatch(/^[a-z][a-zA-Z]*$/);
        if (place === 'query') expect(`${operation.operationId} ?${name}: ${description}`).not.toMatch(/undefined$/);
        expect(schema).toBeDefined();
      }
    }
  });

  it('has camelCase fields everywhere', () => {
    const wrong: string[] = [];
    for (const { at, schema } of everySchema()) {
      for (const name of Object.keys((schema.properties as object | undefined) ?? {})) {
        if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) wrong.push(`${at}.${name}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('names every enum, so that clients get one type and not many', () => {
    const inline: string[] = [];
    for (const { at, schema } of everySchema()) {
      if ('enum' in schema && !isNamed(at) && !isOfAgents(at)) inline.push(at);
    }
    expect(inline).toEqual([]);
  });

  it('gives every object schema a name of one or more words', () => {
    for (const name of Object.keys(apiDocument.components.schemas)) {
      expect(name).toMatch(/^[A-Z][a-zA-Z0-9]*$/);
      expect(name).not.toMatch(/Dto$/);
    }
    const anonymous: string[] = [];
    for (const { at, schema } of everySchema()) {
      if (schema.type === 'object' && 'properties' in schema && !isNamed(at) && !isOfAgents(at)) anonymous.push(at);
    }
    expect(anonymous).toEqual([]);
  });

  it('refers only to schemas there are, and has none that nothing refers to', () => {
    const referred = new Set(
      [...JSON.stringify(apiDocument).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]!),
    );
    const there = Object.keys(apiDocument.components.schemas);
    expect([...referred].filter((name) => !there.includes(name))).toEqual([]);
    // Named by the discriminator's property of a union, whose members say it as a constant.
    expect(there.filter((name) => !referred.has(name) && name !== 'StorageKind')).toEqual([]);
  });

  describe('documents of each operation', () => {
    it.each(operations.map(({ method, path, operation }) => [operation.operationId, method, path, operation] as const))(
      '%s: success, problems, examples',
      (_, method, path, operation) => {
        const statuses = Object.keys(operation.responses);
        const success = statuses.filter((status) => status.startsWith('2'));
        expect(success).toHaveLength(1);
        const expected = ['400', 'default'];
        const isPublic = (operation.security ?? []).length === 0;
        if (!isPublic) expected.push('401', '403');
        if (path.includes('{')) expected.push('404');
        if (['post', 'patch', 'put'].includes(method)) expected.push('413', '415');
        if (method === 'post') expected.push('409', '422');
        expect(statuses).toEqual(expect.arrayContaining(expected));

        for (const [status, { description, content }] of Object.entries(operation.responses)) {
          expect(description).not.toBe('');
          if (status === '204' || status === '304') {
            expect(content).toBeUndefined();
            continue;
          }
          const types = Object.keys(content ?? {});
          if (status === 'default' || Number(status) >= 400) {
            expect(types).toEqual(['application/problem+json']);
            expect(content!['application/problem+json']!.schema).toEqual({ $ref: '#/components/schemas/Problem' });
          } else expect(types).toHaveLength(1);
          for (const media of Object.values(content ?? {})) expect(examplesOf(media)).not.toEqual([]);
        }
        for (const media of Object.values(operation.requestBody?.content ?? {}))
          expect(examplesOf(media)).not.toEqual([]);
      },
    );

    it('problems with codes of their status only', () => {
      for (const { operation } of operations) {
        for (const [status, { content }] of Object.entries(operation.responses)) {
          for (const code of Object.keys(content?.['application/problem+json']?.examples ?? {})) {
            expect(Object.keys(ERROR_CODES)).toContain(code);
            if (status !== 'default')
              expect([code, String(ERROR_CODES[code as keyof typeof ERROR_CODES].status)]).toEqual([code, status]);
          }
        }
      }
    });

    it('lists alike: page size, page token, items', () => {
      for (const { path, operation } of operations.filter((each) => each.operation.operationId.startsWith('list'))) {
        const names = (operation.parameters ?? []).map((parameter) => parameter.name);
        expect([path, names]).toEqual([path, expect.arrayContaining(['pageSize', 'pageToken'])]);
        const schema = operation.responses['200']!.content!['application/json']!.schema;
        expect(schema.$ref).toMatch(/Page$/);
      }
    });
  });

  describe('has examples', () => {
    const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }));
    ajv.addSchema(apiDocument, 'openapi');
    const resolved = (schema: object): object =>
      JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"openapi#/components/')) as object;

    const cases = operations.flatMap(({ operation }) => [
      ...Object.entries(operation.requestBody?.content ?? {}).map(
        ([type, media]) => [`${operation.operationId} takes ${type}`, media] as const,
      ),
      ...Object.entries(operation.responses).flatMap(([status, answer]) =>
        Object.entries(answer.content ?? {}).map(
          ([type, media]) => [`${operation.operationId} answers ${status} ${type}`, media] as const,
        ),
      ),
    ]);
    it('that fit their schemas', () => {
      const wrong: unknown[] = [];
      for (const [name, media] of cases) {
        const validate = ajv.compile(resolved(media.schema));
        for (const example of examplesOf(media)) if (!validate(example)) wrong.push([name, validate.errors, example]);
      }
      expect(wrong).toEqual([]);
    });

    it('for every field of every schema that have one, of its type', () => {
      const wrong: unknown[] = [];
      for (const { at, schema } of everySchema()) {
        if (!('example' in schema)) continue;
        const { example, ...rest } = schema;
        const validate = ajv.compile(resolved(rest));
        if (!validate(example)) wrong.push([at, example, validate.errors]);
      }
      expect(wrong).toEqual([]);
    });
  });
});

function examplesOf({ example, examples }: MediaType): unknown[] {
  return [...(example === undefined ? [] : [example]), ...Object.values(examples ?? {}).map(({ value }) => value)];
}
