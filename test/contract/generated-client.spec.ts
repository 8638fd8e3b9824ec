import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { apiDocument } from '../support/api-document.js';

const ROOT = join(import.meta.dirname, '../..');

/** What someone would write with a client made from our document: every line must compile, then run. */
const SAMPLE = `
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.js';

const [baseUrl, token] = process.argv.slice(2) as [string, string];
const client = createClient<paths>({ baseUrl, headers: { authorization: \`Bearer \${token}\` } });

async function main(): Promise<void> {
  const created = await client.POST('/api/v1/storages', {
    body: { kind: 'local', name: 'sample', mountPath: '/mnt/sample' },
    params: { header: { 'Idempotency-Key': 'sample-1' } },
  });
  if (created.error) throw new Error(\`\${created.error.code}: \${created.error.detail}\`);
  const storage: components['schemas']['Storage'] = created.data;
  const kind: components['schemas']['Storage']['kind'] = storage.kind;
  // The kind tells which settings there are.
  if (storage.kind === 'nfs') {
    const server: string = storage.settings.server;
    // @ts-expect-error: NFS has none
    console.log(server, storage.settings.fileSystemId);
  }
  // @ts-expect-error: nor may settings of one kind come with another
  await client.POST('/api/v1/storages', { body: { kind: 'efs', name: 'x', mountPath: '/mnt/x', settings: { server: 'x' } }, params: { query: { dryRun: true } } });

  const settings = await client.GET('/api/v1/settings');
  if (!settings.data) throw new Error('no settings');
  const interval: string = settings.data.policy.interval;
  const changed = await client.PATCH('/api/v1/settings', {
    body: { policy: { keep: 3, interval: null } },
    params: { header: { 'If-Match': settings.response.headers.get('etag') ?? '*' }, query: { dryRun: true } },
  });
  const keep: number | undefined = changed.data?.policy.keep;

  let pages = 0;
  for (let pageToken: string | undefined; ; pages += 1) {
    const page = await client.GET('/api/v1/jobs', { params: { query: { pageSize: 50, ...(pageToken ? { pageToken } : {}) } } });
    if (!page.data) throw new Error(page.error?.detail);
    for (const job of page.data.items) console.log(job.id, job.jobId);
    if (page.data.nextPageToken === null) break;
    pageToken = page.data.nextPageToken;
  }

  const missing = await client.GET('/api/v1/jobs/{id}', { params: { path: { id: 'nothing' } } });
  const code: components['schemas']['ErrorCode'] | undefined = missing.error?.code;

  // @ts-expect-error: there is no such role
  await client.POST('/api/v1/api-tokens', { body: { name: 'x', role: 'king' }, params: { query: { dryRun: true } } });
  console.log(JSON.stringify({ kind, interval, keep, pages, code }));
}
await main();
`;

describe('A TypeScript client generated from the document', () => {
  let server: TestApp;
  let directory: string;
  beforeAll(async () => {
    server = await startTestApp();
    // Inside the repository, so that the sample finds openapi-fetch.
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    directory = mkdtempSync(join(ROOT, '.cache/client-'));
  });
  afterAll(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });

  it('compiles strictly and works', async () => {
    const types = astToString(await openapiTypescript(structuredClone(apiDocument) as never));
    writeFileSync(join(directory, 'schema.d.ts'), types);
    writeFileSync(join(directory, 'sample.ts'), SAMPLE);
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
    const compilerOptions = {
      strict: true,
      target: 'ES2023',
      module: 'NodeNext',
      skipLibCheck: true,
      types: ['node'],
      lib: ['ES2023', 'DOM'],
    };
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['sample.ts'] }));
    const compiled = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', directory], {
      encoding: 'utf8',
    });
    expect(compiled.stdout).toBe('');
    // Not synchronously: the server is in this process.
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(directory, 'sample.js'), server.url, server.adminToken],
      { timeout: 30_000 },
    );
    expect(JSON.parse(stdout)).toEqual({ kind: 'local', interval: '15m', keep: 3, pages: 0, code: 'not-found' });
  });
});
