import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { applyOneOf } from './common/one-of.js';
import { version } from './version.js';

/** In the order a newcomer follows them. */
export const TAGS: [name: string, description: string][] = [
  ['Storages', 'Places for checkpoint images. Start here.'],
  ['Compute environments', 'AWS Batch compute environments, with their storage and policy.'],
  ['Hosts', 'Instances that run the agent. They enrol with a join token.'],
  ['Jobs', 'AWS Batch jobs, over all their attempts, as the agents see them.'],
  ['Checkpoints', "Images of a job's container. Only a committed one can restore."],
  ['Restores', 'Tries to continue a job from a checkpoint.'],
  ['Preflights', 'Whether everything jobs need to be protected is in place: permissions, storage, hosts.'],
  ['Instance types', "EC2's instance types, as AWS or this release describes them."],
  ['Compatibility groups', 'Instance types among which images are expected to restore: nine built in, and your own.'],
  ['Operations', 'Long-running requests and their outcome.'],
  ['Settings', 'The system-wide policy and the rhythm of the agents.'],
  ['Join tokens', 'What a new host enrols with.'],
  ['API tokens', 'What people and programs call this API with.'],
  ['Deployment', 'What new hosts fetch: the installer of the agent, and the agent. No credentials needed.'],
  ['Health', 'For load balancers, Kubernetes and Prometheus. No credentials needed.'],
  ['Agent', 'Spoken by the agents, with credentials of their own.'],
];

const DESCRIPTION = `Batchpoint lets AWS Batch jobs survive Spot reclaims: it checkpoints a running container to shared storage and
continues it on the next instance.

Press **Authorize** and paste the admin token the server printed at its first start, then follow the tags from top to bottom.

* Errors are RFC 9457 problems; branch on \`code\`.
* Lists are paged: give \`nextPageToken\` back as \`pageToken\`.
* Every POST takes an \`Idempotency-Key\`; configuration takes \`If-Match\` and \`dryRun\`.
* Long work answers 202 with an operation; read it with \`?wait=30s\` instead of polling.`;

/** The document of this build, sorted, so that two builds of one source give the same bytes. */
export function buildDocument(app: NestFastifyApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Batchpoint')
    .setVersion(version())
    .setDescription(DESCRIPTION)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .setOpenAPIVersion('3.1.0')
    .addServer('/', 'This server')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'opaque', description: 'An API token.' }, 'token')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'opaque', description: 'A join token.' },
      'join-token',
    )
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'opaque', description: "A host's own credential." },
      'agent',
    );
  for (const [name, description] of TAGS) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build());
  applyOneOf(document);
  return sorted(withoutSuffixes(simplified(document) as OpenAPIObject));
}

/** Swagger UI at /docs, the document at /openapi.json and /openapi.yaml. */
export function serveDocs(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => buildDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Batchpoint API',
    swaggerOptions: {
      persistAuthorization: true,
      displayRequestDuration: true,
      docExpansion: 'list',
      operationsSorter: null,
    },
  });
}

/** `allOf` with one member says nothing that the member does not say itself. */
function simplified(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(simplified);
  if (typeof value !== 'object' || value === null) return value;
  const { allOf, ...rest } = value as { allOf?: unknown };
  const members = Object.fromEntries(Object.entries(rest).map(([key, member]) => [key, simplified(member)]));
  if (allOf === undefined) return members;
  if (!Array.isArray(allOf) || allOf.length !== 1) return { ...members, allOf: simplified(allOf) };
  return { ...(simplified(allOf[0]) as object), ...members };
}

/** `HostDto` in the code is `Host` to clients. */
function withoutSuffixes(document: OpenAPIObject): OpenAPIObject {
  const schemas = document.components?.schemas ?? {};
  const names = new Map(Object.keys(schemas).map((name) => [name, name.replace(/Dto$/, '')]));
  if (new Set(names.values()).size !== names.size) throw new Error('two schemas differ only in the suffix Dto');
  const text = JSON.stringify(document).replace(/"#\/components\/schemas\/(\w+)"/g, (whole, name: string) =>
    names.has(name) ? `"#/components/schemas/${names.get(name)}"` : whole,
  );
  const renamed = JSON.parse(text) as OpenAPIObject;
  const entries = Object.entries(renamed.components?.schemas ?? {}).map(([name, schema]) => [names.get(name)!, schema]);
  return { ...renamed, components: { ...renamed.components, schemas: Object.fromEntries(entries) as typeof schemas } };
}

function sorted(document: OpenAPIObject): OpenAPIObject {
  const byKey = <T>(members: Record<string, T> | undefined): Record<string, T> =>
    Object.fromEntries(Object.entries(members ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    ...document,
    paths: byKey(document.paths),
    components: { ...document.components, schemas: byKey(document.components?.schemas) },
  };
}
