import { applyDecorators, Controller, Delete, Get, HttpCode, Patch, Post, Put } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { Role } from '../auth/role.js';
import type { ErrorCode } from './error-codes.js';
import { type DtoClass, type Page, pageOf } from './page.dto.js';
import { ProblemDto } from './problem.dto.js';
import { problemDocs } from './problem-docs.js';
import { type Access, type RouteOptions, SetRouteOptions } from './route-options.js';

/**
 * One decorator a route: path, access, and the whole OpenAPI operation with every answer it can give.
 *
 *   @ApiResource('things', 'Things')
 *   class ThingsController {
 *     @List({ id: 'listThings', summary: 'List things', role: 'viewer', type: ThingDto })
 *     list(@Query() query: ThingQueryDto) { return this.things.list(query); }
 *
 *     @Create({ id: 'createThing', summary: 'Create a thing', role: 'admin', body: CreateThingDto, type: ThingDto,
 *               location: (thing: ThingDto) => `/api/v1/things/${thing.id}`, dryRun: true, errors: ['name-taken'] })
 *     create(@Body() body: CreateThingDto) { return this.things.create(body); }
 *   }
 */
export interface RouteDoc {
  /** operationId: verb + noun, unique. */
  id: string;
  summary: string;
  description?: string;
  /** After the controller's path. */
  path?: string;
  /** The lowest role that may call it, or another kind of caller. */
  role: Role | Exclude<Access, { role: Role }>;
  /** Error codes besides those every route of its kind has. */
  errors?: ErrorCode[];
}

interface WithType {
  type: DtoClass;
}
interface WithBody {
  body?: DtoClass;
}
interface WithDryRun {
  dryRun?: boolean;
}

/** `errors` adds to what each route of the controller may answer. */
export function ApiResource(path: string, tag: string): ClassDecorator {
  return applyDecorators(Controller(path), ApiTags(tag), ApiExtraModels(ProblemDto));
}

/** GET one. 200 with ETag, 304. `wait`: takes `?wait=30s`; the service answers through `Waiter`. `etag: false`: it has no version. */
export function Read(doc: RouteDoc & WithType & { wait?: boolean; etag?: boolean }): MethodDecorator {
  const options = { wait: doc.wait ?? false };
  if (doc.etag === false) return route(doc, Get, 200, options, [okResponse(200, doc.type, {})]);
  return route(doc, Get, 200, options, [
    okResponse(200, doc.type, { ETag: ETAG_HEADER }),
    ApiHeader({
      name: 'If-None-Match',
      required: false,
      description: 'An ETag: 304 when it is still current.',
      schema: { type: 'string', example: '"1"' },
    }),
    ApiResponse({ status: 304, description: 'Not changed since the ETag in `If-None-Match`.' }),
  ]);
}

/** GET many, a page at a time: `type` is the item's DTO, `page` the page's where it says more than its items. */
export function List(doc: RouteDoc & WithType & { page?: DtoClass<Page<object>> }): MethodDecorator {
  const link = {
    description: 'The next page: `<url>; rel="next"`. Absent on the last.',
    schema: { type: 'string' as const },
  };
  return route({ ...doc, errors: ['invalid-page-token', ...(doc.errors ?? [])] }, Get, 200, {}, [
    okResponse(200, doc.page ?? pageOf(doc.type), { Link: link }),
  ]);
}

/** GET of something that is not JSON, such as a script. */
export function ReadText(doc: RouteDoc & { mediaType: string; example: string }): MethodDecorator {
  const content = { [doc.mediaType]: { schema: { type: 'string' as const }, example: doc.example } };
  return route(doc, Get, 200, {}, [ApiResponse({ status: 200, description: 'The text.', content })]);
}

/** GET of a JSON document whose form is another's, such as an IAM policy. */
export function ReadDocument(doc: RouteDoc & { mediaType: 'application/json'; example: object }): MethodDecorator {
  const content = {
    [doc.mediaType]: { schema: { type: 'object' as const, additionalProperties: true }, example: doc.example },
  };
  return route(doc, Get, 200, {}, [ApiResponse({ status: 200, description: 'The document.', content })]);
}

/** GET of a file, streamed. */
export function ReadFile(doc: RouteDoc & { mediaType: string; example: string }): MethodDecorator {
  const schema = { type: 'string' as const, format: 'binary' };
  const content = { [doc.mediaType]: { schema, example: doc.example } };
  return route(doc, Get, 200, {}, [ApiResponse({ status: 200, description: 'The file.', content })]);
}

/** POST that creates at once: 201 with `Location`. */
export function Create<T extends object>(
  doc: RouteDoc & WithBody & WithDryRun & { type: DtoClass<T>; location?: (body: T) => string },
): MethodDecorator {
  const headers = { ...(doc.location ? { Location: LOCATION_HEADER } : {}), ETag: ETAG_HEADER };
  return route(doc, Post, 201, { write: true, dryRun: doc.dryRun ?? false, location: doc.location }, [
    ...bodyDocs(doc.body, ['application/json']),
    IDEMPOTENCY_KEY,
    okResponse(201, doc.type, headers),
  ]);
}

/** POST that starts long work: 202 with the operation, its `Location` and `Retry-After`. */
export function Accepted<T extends { id: string }>(
  doc: RouteDoc & WithBody & WithDryRun & { type: DtoClass<T>; location?: (body: T) => string },
): MethodDecorator {
  const location = doc.location ?? ((operation: T) => `/api/v1/operations/${operation.id}`);
  const options = { write: true, dryRun: doc.dryRun ?? false, location: location as never, retryAfterSeconds: 2 };
  return route(doc, Post, 202, options, [
    ...bodyDocs(doc.body, ['application/json']),
    IDEMPOTENCY_KEY,
    okResponse(202, doc.type, { Location: LOCATION_HEADER, 'Retry-After': RETRY_AFTER_HEADER, ETag: ETAG_HEADER }),
  ]);
}

/** PATCH as a JSON merge patch (absent keeps, null clears); honours If-Match. */
export function Update(doc: RouteDoc & WithBody & WithDryRun & WithType): MethodDecorator {
  return route(withPrecondition(doc), Patch, 200, { write: true, dryRun: doc.dryRun ?? false }, [
    ...bodyDocs(doc.body, ['application/merge-patch+json', 'application/json']),
    IF_MATCH,
    okResponse(200, doc.type, { ETag: ETAG_HEADER }),
  ]);
}

/** PUT of a sub-resource that is a fact, such as a cancellation. Repeating it is harmless. 200, or 204 without a `type`. */
export function Place(doc: RouteDoc & WithBody & Partial<WithType>): MethodDecorator {
  return route(doc, Put, doc.type ? 200 : 204, { write: true }, [
    ...bodyDocs(doc.body, ['application/json']),
    doc.type ? okResponse(200, doc.type, {}) : ApiResponse({ status: 204, description: 'Done.' }),
  ]);
}

/** DELETE: 204; honours If-Match. */
export function Remove(doc: RouteDoc & WithDryRun): MethodDecorator {
  return route(withPrecondition(doc), Delete, 204, { write: true, dryRun: doc.dryRun ?? false }, [
    IF_MATCH,
    ApiResponse({ status: 204, description: 'Deleted.' }),
  ]);
}

/** DELETE that takes time: 202 with the operation, its `Location` and `Retry-After`; honours If-Match. */
export function RemoveLater<T extends { id: string }>(
  doc: RouteDoc & WithDryRun & { type: DtoClass<T> },
): MethodDecorator {
  const location = (operation: T): string => `/api/v1/operations/${operation.id}`;
  const options = { write: true, dryRun: doc.dryRun ?? false, location: location as never, retryAfterSeconds: 2 };
  return route(withPrecondition(doc), Delete, 202, options, [
    IF_MATCH,
    okResponse(202, doc.type, { Location: LOCATION_HEADER, 'Retry-After': RETRY_AFTER_HEADER }),
  ]);
}

/** POST that answers 200, for the agent's batches. `transactional: false` when the service commits in steps of its own. */
export function Call(doc: RouteDoc & WithBody & WithType & { transactional?: boolean }): MethodDecorator {
  return route(doc, Post, 200, { write: doc.transactional ?? true }, [
    ...bodyDocs(doc.body, ['application/json']),
    okResponse(200, doc.type, {}),
  ]);
}

const ETAG_HEADER = {
  description: 'Version of the resource, for `If-Match` and `If-None-Match`.',
  schema: { type: 'string' as const, example: '"1"' },
};
const LOCATION_HEADER = {
  description: 'Where to read it.',
  schema: { type: 'string' as const, format: 'uri-reference' },
};
const RETRY_AFTER_HEADER = {
  description: 'Seconds after which looking again makes sense.',
  schema: { type: 'integer' as const },
};
const IF_MATCH = ApiHeader({
  name: 'If-Match',
  required: false,
  description: 'The ETag this change is based on; 412 when the resource has changed since.',
  schema: { type: 'string' },
});

const IDEMPOTENCY_KEY = ApiHeader({
  name: 'Idempotency-Key',
  required: false,
  description:
    'Any unique text, such as a UUID: the same request with the same key within 24 hours gets the same answer and acts once.',
  schema: { type: 'string', maxLength: 255 },
});

type Verb = (path?: string) => MethodDecorator;

function route(
  doc: RouteDoc,
  verb: Verb,
  status: number,
  options: Partial<RouteOptions>,
  docs: MethodDecorator[],
): MethodDecorator {
  const access: Access =
    doc.role === 'agent' || doc.role === 'join-token' || doc.role === 'public' ? doc.role : { role: doc.role };
  const full: RouteOptions = { write: false, dryRun: false, wait: false, ...options, access };
  const path = doc.path ?? '';
  const params = [...path.matchAll(/:(\w+)/g)].map((match) => match[1]!);
  const person = typeof access === 'object' ? `Needs the role \`${access.role}\`.` : '';
  return applyDecorators(
    verb(path),
    HttpCode(status),
    SetRouteOptions(full),
    ApiOperation({
      operationId: doc.id,
      summary: doc.summary,
      description: [doc.description ?? `${doc.summary}.`, person].filter(Boolean).join('\n\n'),
    }),
    ...docs,
    ...(access === 'public' ? [] : [ApiBearerAuth(typeof access === 'object' ? 'token' : access)]),
    ...params.map((name) => ApiParam({ name, schema: { type: 'string', maxLength: 255 } })),
    ...(full.wait
      ? [
          ApiQuery({
            name: 'wait',
            required: false,
            description: 'Answer only on change, or after this long (at most 55s).',
            schema: { type: 'string', example: '30s' },
          }),
        ]
      : []),
    ...(full.dryRun
      ? [
          ApiQuery({
            name: 'dryRun',
            required: false,
            description: 'true: make all checks and answer as usual, but write nothing.',
            schema: { type: 'boolean', example: false },
          }),
        ]
      : []),
    ...problemDocs(errorsOf(doc, verb, access, params.length > 0)),
  );
}

/** What every route of a kind may answer, besides its own codes. */
function errorsOf(doc: RouteDoc, verb: Verb, access: Access, hasParams: boolean): ErrorCode[] {
  const codes = new Set<ErrorCode>(['validation-failed', 'malformed-request']);
  if (access !== 'public') codes.add('unauthenticated').add('forbidden');
  if (hasParams) codes.add('not-found');
  if (verb === Post || verb === Patch || verb === Put) codes.add('body-too-large').add('unsupported-media-type');
  if (verb === Post) codes.add('idempotency-key-in-use').add('idempotency-key-reused');
  for (const code of doc.errors ?? []) codes.add(code);
  return [...codes];
}

function okResponse(status: number, type: DtoClass, headers: Record<string, object>): MethodDecorator {
  const content = { 'application/json': { schema: { $ref: getSchemaPath(type) }, example: type.example } };
  return applyDecorators(
    ApiExtraModels(type),
    ApiResponse({ status, description: SUCCESS[status] ?? 'Success.', headers: headers, content }),
  );
}

const SUCCESS: Record<number, string> = {
  200: 'Success.',
  201: 'Created.',
  202: 'Accepted: the work goes on after this answer.',
};

function bodyDocs(body: DtoClass | undefined, mediaTypes: string[]): MethodDecorator[] {
  if (body === undefined) return [];
  const others: Record<string, object> = body.otherExamples ?? {};
  const examples: Record<string, { summary: string; value: object }> = {
    example: { summary: 'Example', value: body.example },
  };
  for (const [summary, value] of Object.entries(others))
    examples[summary.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')] = { summary: `Example ${summary}`, value };
  return [ApiExtraModels(body), ApiConsumes(...mediaTypes), ApiBody({ required: true, type: body, examples })];
}

function withPrecondition<T extends RouteDoc>(doc: T): T {
  return { ...doc, errors: ['version-mismatch', ...(doc.errors ?? [])] };
}
