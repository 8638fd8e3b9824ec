import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { AGENT_API } from '../../src/protocol/agent-api.js';
import { type DocumentedOperation, operations } from '../support/api-document.js';
import { registered } from '../support/conformance.js';
import { FakeAgent } from '../support/fake-agent.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const NOBODY = '019aa0b4-0000-7000-8000-000000000000';

/** What holds for every route there is, asked of each by its entry in the OpenAPI document. */
describe('Every route', () => {
  let server: TestApp;
  let agent: FakeAgent;
  let joinToken: string;
  beforeAll(async () => {
    server = await startTestApp();
    joinToken = await server.joinToken();
    agent = await FakeAgent.start(server.url, joinToken);
  });
  afterAll(() => server.close());

  const label = ({ method, path }: DocumentedOperation): string => `${method.toUpperCase()} ${path}`;
  const isPublic = ({ operation }: DocumentedOperation): boolean => (operation.security ?? []).length === 0;
  const schemeOf = ({ operation }: DocumentedOperation): string => Object.keys(operation.security![0]!)[0]!;
  const each = (filter: (operation: DocumentedOperation) => boolean) =>
    operations.filter(filter).map((operation) => [label(operation), operation] as const);
  const takesBody = ({ method }: DocumentedOperation): boolean => ['post', 'patch', 'put'].includes(method);

  /** The token the route is for. */
  const own = (route: DocumentedOperation): string =>
    ({ token: server.adminToken, agent: agent.credential, 'join-token': joinToken })[schemeOf(route)]!;

  async function send(
    { method, path, operation }: DocumentedOperation,
    {
      token,
      query = '',
      headers = {},
      body,
    }: { token?: string; query?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<{ status: number; body: { code?: string; errors?: { pointer: string }[] } }> {
    const media = Object.values(operation.requestBody?.content ?? {})[0];
    const example = media?.example ?? Object.values(media?.examples ?? {})[0]?.value;
    const text = body ?? (example === undefined ? undefined : JSON.stringify(example));
    const answer = await fetch(server.url + path.replace('{id}', NOBODY) + query, {
      method: method.toUpperCase(),
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        ...(path.startsWith(AGENT_API) ? { 'batchpoint-session': String(agent.session) } : {}),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
    });
    const answered = await answer.text();
    return { status: answer.status, body: answered.startsWith('{') ? (JSON.parse(answered) as object) : {} };
  }

  it('is in the document, and every one in the document is there', () => {
    // The documentation itself, and what Fastify answers HEAD and OPTIONS with by itself.
    const own = [...registered].filter((route) => !/^(HEAD|OPTIONS) | \/(docs|openapi)\b/.test(route));
    expect(own.sort()).toEqual(operations.map(label).sort());
  });

  it.each(each((route) => !isPublic(route)))('%s is closed to those without credentials', async (_, route) => {
    expect(await send(route)).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(await send(route, { token: 'bp_mistyped' })).toMatchObject({ status: 401 });
  });

  it.each(each((route) => !isPublic(route)))('%s is closed to credentials of another kind', async (_, route) => {
    const others = { token: agent.credential, agent: server.adminToken, 'join-token': server.adminToken };
    const token = others[schemeOf(route) as keyof typeof others];
    expect(await send(route, { token })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it.each(each((route) => takesBody(route) && !isPublic(route) && schemeOf(route) === 'token'))(
    '%s is closed to viewers',
    async (_, route) => {
      expect(await send(route, { token: await server.token('viewer') })).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      });
    },
  );

  it.each(each(() => true))('%s refuses a query parameter it does not know, by name', async (_, route) => {
    const answer = await send(route, {
      ...(isPublic(route) ? {} : { token: own(route) }),
      query: '?noSuchParameter=1',
    });
    expect(answer).toMatchObject({
      status: 400,
      body: {
        code: 'validation-failed',
        errors: expect.arrayContaining([expect.objectContaining({ pointer: '?noSuchParameter' })]),
      },
    });
  });

  it.each(each(({ path }) => path.includes('{id}')))('%s: there is no such resource', async (_, route) => {
    expect(await send(route, { token: own(route) })).toMatchObject({ status: 404, body: { code: 'not-found' } });
  });

  it.each(each(takesBody))('%s refuses a body over 1 MiB, and one that is not JSON', async (_, route) => {
    const token = own(route);
    expect(await send(route, { token, body: JSON.stringify({ long: 'x'.repeat(1024 * 1024) }) })).toMatchObject({
      status: 413,
      body: { code: 'body-too-large' },
    });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      expect(await send(route, { token, body: 'a=b', headers: { 'content-type': type } })).toMatchObject({
        status: 415,
        body: { code: 'unsupported-media-type' },
      });
    }
    expect(await send(route, { token, body: '{' })).toMatchObject({ status: 400, body: { code: 'malformed-request' } });
  });

  describe('that creates', () => {
    const posts = each(({ method }) => method === 'post');

    it.each(posts)('%s tells a request that is still running from one that is done', async (_, route) => {
      const client = new pg.Client({ connectionString: server.databaseUrl });
      await client.connect();
      const options = { token: own(route), headers: { 'idempotency-key': randomUUID() } };
      let first: Promise<unknown>;
      try {
        // Whoever has the key stops here, before it has done anything.
        await client.query('begin; lock table idempotency_keys in access exclusive mode');
        first = send(route, options);
        await waitForLockedOut(client);
        expect(await send(route, options)).toMatchObject({ status: 409, body: { code: 'idempotency-key-in-use' } });
      } finally {
        await client.end();
      }
      await first;
    });

    it.each(posts)('%s takes a key once', async (_, route) => {
      const scheme = schemeOf(route);
      const token = own(route);
      const headers = { 'idempotency-key': `used-by-${scheme}` };
      // Another path is another request, and so is another payload on the path it was spent on.
      await useKey(scheme, token, headers);
      expect(await send(route, { token, headers, query: '?' })).toMatchObject({
        status: 422,
        body: { code: 'idempotency-key-reused' },
      });
    });
  });

  const spentFor = new Set<string>();
  /** Spends the key on a request of this kind of caller that succeeds. */
  async function useKey(scheme: string, token: string, headers: Record<string, string>): Promise<void> {
    if (spentFor.has(scheme)) return;
    spentFor.add(scheme);
    // Another test may have opened a session since.
    if (scheme === 'agent') await agent.open();
    const spent = {
      token: ['/api/v1/api-tokens', { name: 'spends-the-key', role: 'viewer' }],
      agent: [`${AGENT_API}/heartbeats`, { storage: null, runningJobs: 0, unsentReports: 0, findings: [] }],
      'join-token': [`${AGENT_API}/enrolments`, { machineId: 'spends-the-key', facts: agent.facts, findings: [] }],
    }[scheme] as [string, object];
    const answer = await fetch(server.url + spent[0], {
      method: 'POST',
      headers: {
        ...headers,
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'batchpoint-session': String(agent.session),
      },
      body: JSON.stringify(spent[1]),
    });
    expect(answer.ok ? 'spent' : await answer.text()).toBe('spent');
  }

  async function waitForLockedOut(client: pg.Client): Promise<void> {
    for (let i = 0; i < 200; i += 1) {
      const { rows } = await client.query(
        `select 1 from pg_locks where relation = 'idempotency_keys'::regclass and not granted`,
      );
      if (rows.length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('no request waits for the table');
  }
});
