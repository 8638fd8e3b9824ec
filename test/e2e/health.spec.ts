import { Database } from '../../src/server/database/database.js';
import { createTestDatabase } from '../support/postgres.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('Health', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
  });
  afterAll(() => server.close());

  it('says that it is ready, and which version it is', async () => {
    expect((await server.raw('get', '/readyz').expect(200)).body).toEqual({ status: 'ok' });
    expect((await server.raw('get', '/version').expect(200)).body).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      node: process.version,
    });
  });

  it('is not ready while a migration has not run', async () => {
    const fresh = await startTestApp({ databaseUrl: server.databaseUrl });
    const database = server.app.get(Database).dataSource;
    const [last] = await database.query<{ id: number; timestamp: string; name: string }[]>(
      'select * from migrations order by id desc limit 1',
    );
    await database.query('delete from migrations where id = $1', [last!.id]);
    try {
      const answer = await fresh.raw('get', '/readyz').expect(503);
      expect(answer.body).toMatchObject({ code: 'not-ready', errors: [{ pointer: 'migrations' }] });
      expect(answer.headers['retry-after']).toBe('5');
      await fresh.raw('get', '/livez').expect(200);
    } finally {
      const { id, timestamp, name } = last!;
      await database.query('insert into migrations values ($1, $2, $3)', [id, timestamp, name]);
      await fresh.close();
    }
  });

  it('is alive but not ready without its database, and answers 503 to the rest', async () => {
    const own = await createTestDatabase();
    const lonely = await startTestApp({ databaseUrl: own.url });
    await own.drop();
    try {
      await lonely.raw('get', '/livez').expect(200);
      const ready = await lonely.raw('get', '/readyz').expect(503);
      expect(ready.body).toMatchObject({ code: 'not-ready', errors: [{ pointer: 'database' }] });
      const read = await lonely.api('get', '/settings').expect(503);
      expect(read.body.code).toBe('database-unavailable');
    } finally {
      await lonely.close();
    }
  });

  it('measures requests by route, in base units, without an id in any label', async () => {
    await server.api('get', '/api-tokens/some-id-of-a-token').expect(404);
    const { text, headers } = await server.raw('get', '/metrics').expect(200);
    expect(headers['content-type']).toMatch(/^text\/plain/);
    expect(text).toMatch(
      /batchpoint_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/api-tokens\/:id",status="404"\} \d+/,
    );
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).not.toContain('some-id-of-a-token');
    expect(text).not.toMatch(/_(milliseconds|ms|kilobytes|mb)\b/);
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
  });

  it('serves Swagger UI ready to use, with the document in JSON and YAML', async () => {
    expect((await server.raw('get', '/docs').expect(200)).text).toContain('swagger-ui');
    const script = (await server.raw('get', '/docs/swagger-ui-init.js').expect(200)).text;
    expect(script).toMatch(/"persistAuthorization": true/);
    const json = (await server.raw('get', '/openapi.json').expect(200)).body as {
      openapi: string;
      tags: { name: string }[];
    };
    expect(json.openapi).toBe('3.1.0');
    expect(json.tags.slice(0, 6).map((tag) => tag.name)).toEqual([
      'Storages',
      'Compute environments',
      'Hosts',
      'Jobs',
      'Checkpoints',
      'Restores',
    ]);
    expect((await server.raw('get', '/openapi.yaml').expect(200)).text).toMatch(/^openapi: 3\.1\.0/m);
  });
});
