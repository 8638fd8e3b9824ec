import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PROBLEM = {
  type: expect.stringMatching(/^urn:batchpoint:error:/),
  title: expect.any(String),
  detail: expect.any(String),
  errors: expect.any(Array),
};

describe('Bad input', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
  });
  afterAll(() => server.close());

  /** Sends exactly these bytes of a path, which clients would normalise. */
  function getPath(path: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(server.url);
      const headers = { authorization: `Bearer ${server.adminToken}` };
      httpRequest({ hostname, port, path, headers }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        answer.on('end', () => resolve({ status: answer.statusCode!, body }));
      })
        .on('error', reject)
        .end();
    });
  }

  const post = (body: string, type = 'application/json') =>
    server.api('post', '/api-tokens').set('content-type', type).send(body);

  it.each([
    ['broken JSON', '{"name": ', 'malformed-request'],
    ['no JSON at all', 'hello', 'malformed-request'],
    ['an empty body', '', 'malformed-request'],
    ['a prototype', '{"__proto__": {"role": "admin"}}', 'malformed-request'],
    ['a list', '[]', 'validation-failed'],
    ['null', 'null', 'validation-failed'],
    ['a number', '7', 'validation-failed'],
    ['a NUL character', JSON.stringify({ name: 'a\0b', role: 'viewer' }), 'validation-failed'],
    ['a lone surrogate', '{"name":"\\ud800","role":"viewer"}', 'validation-failed'],
    ['hostile nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'validation-failed'],
    ['hostile nesting in a field', `{"name":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`, 'validation-failed'],
  ])('%s is 400', async (_, body, code) => {
    const answer = await post(body).expect(400);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({ ...PROBLEM, status: 400, code, requestId: answer.headers['x-request-id'] });
  });

  it('names every unknown and missing field', async () => {
    const answer = await server.api('post', '/api-tokens').send({ nmae: 'x', role: 'king' }).expect(400);
    expect(answer.body.errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ pointer: '/nmae', code: 'unknown' }),
        expect.objectContaining({ pointer: '/name', code: 'required' }),
        expect.objectContaining({ pointer: '/role', detail: 'role must be one of viewer, operator, admin.' }),
      ]),
    );
  });

  it('names nested fields by pointer', async () => {
    const answer = await server
      .api('patch', '/settings')
      .send({ policy: { keep: 0, intervall: '5m', interval: 'soon' } })
      .expect(400);
    expect((answer.body.errors as { pointer: string }[]).map((error) => error.pointer).sort()).toEqual([
      '/policy/interval',
      '/policy/intervall',
      '/policy/keep',
    ]);
  });

  it.each([
    ['get', '/api-tokens?sort=up', '?sort'],
    ['get', '/api-tokens?pagesize=5', '?pagesize'],
    ['get', '/api-tokens?pageSize=0', '?pageSize'],
    ['get', '/api-tokens?pageSize=201', '?pageSize'],
    ['get', '/api-tokens?pageSize=1e2', '?pageSize'],
    ['get', '/api-tokens?pageSize=1&pageSize=2', '?pageSize'],
    ['get', '/api-tokens?pageToken=%00', '?/pageToken'],
    ['get', '/api-tokens/x?verbose=1', '?verbose'],
    ['get', '/settings?dryRun=true', '?dryRun'],
    ['delete', '/api-tokens/x?dryRun=maybe', '?dryRun'],
  ] as const)('%s %s names %s', async (method, path, pointer) => {
    const answer = await server.api(method, path).expect(400);
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });

  it('refuses a body where none belongs', async () => {
    const answer = await server.api('delete', '/api-tokens/x').send({ force: true }).expect(400);
    expect(answer.body.errors[0]).toMatchObject({ pointer: '/force', code: 'unknown' });
  });

  it('answers 413 over 1 MiB, declared or streamed', async () => {
    const answer = await post(JSON.stringify({ name: 'x'.repeat(1024 * 1024) })).expect(413);
    expect(answer.body.code).toBe('body-too-large');
  });

  it('answers 415 for other types', async () => {
    const answer = await post('name=x', 'application/xml').expect(415);
    expect(answer.body.code).toBe('unsupported-media-type');
  });

  it('answers 404 for unknown routes and resources, with the difference in the code', async () => {
    expect((await server.api('get', '/nothing').expect(404)).body.code).toBe('route-not-found');
    expect((await server.api('put', '/settings').expect(404)).body.code).toBe('route-not-found');
    expect((await server.api('get', '/api-tokens/nothing').expect(404)).body.code).toBe('not-found');
  });

  it.each([
    ['a bad escape', '/api/v1/api-tokens/%zz', 400],
    ['half an escape', '/api/v1/api-tokens/%', 400],
    ['bytes that are no UTF-8', '/api/v1/api-tokens/%ff%fe', 400],
    ['a NUL character', '/api/v1/api-tokens/a%00b', 400],
    ['an over-long id', `/api/v1/api-tokens/${'a'.repeat(300)}`, 414],
    ['an id as long as the limit', `/api/v1/api-tokens/${'a'.repeat(255)}`, 404],
    ['bad escapes in the query', '/api/v1/api-tokens?sort=%zz', 400],
  ])('%s in the URL is answered with a problem', async (_, path, status) => {
    const answer = await getPath(path);
    expect(JSON.parse(answer.body)).toMatchObject({ ...PROBLEM, status });
    expect(answer.status).toBe(status);
  });

  it('survives bytes that are not HTTP', async () => {
    const { hostname, port } = new URL(server.url);
    const text = await new Promise<string>((resolve) => {
      let got = '';
      const socket = connect(Number(port), hostname, () => socket.write('\x16\x03\x01 nonsense\r\n\r\n'));
      socket.on('data', (chunk) => (got += chunk.toString()));
      socket.on('close', () => resolve(got));
    });
    expect(text).toMatch(/^HTTP\/1.1 400/);
    expect(JSON.parse(text.split('\r\n\r\n')[1]!)).toMatchObject({ ...PROBLEM, code: 'malformed-request' });
    await server.raw('get', '/livez').expect(200);
  });

  it('never answers 5xx, whatever the body, query and headers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('/settings', '/api-tokens', '/join-tokens'),
        fc.jsonValue({ maxDepth: 4 }),
        fc.dictionary(fc.string(), fc.string({ unit: 'binary' }), { maxKeys: 3 }),
        fc.stringMatching(/^[\x20-\x7e]{0,40}$/),
        async (path, body, query, header) => {
          const search = new URLSearchParams(query).toString();
          const patched = await server
            .api('patch', `${path}?${search}`)
            .set('if-match', header)
            .send(JSON.stringify(body))
            .type('json');
          const posted = await server
            .api('post', `${path}?${search}`)
            .set('idempotency-key', header)
            .send(JSON.stringify(body))
            .type('json');
          const listed = await server.api('get', `${path}?${search}`).set('if-none-match', header);
          const read = await server.api('get', `${path}/${encodeURIComponent(header)}x`);
          for (const { status } of [patched, posted, listed, read]) expect(status).toBeLessThan(500);
        },
      ),
      { numRuns: 60 },
    );
  });
});
