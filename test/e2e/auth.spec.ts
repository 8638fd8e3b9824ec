import { hashSecret } from '../../src/server/auth/secrets.js';
import { ROLES, type Role } from '../../src/server/auth/role.js';
import { Database } from '../../src/server/database/database.js';
import { JoinTokensService } from '../../src/server/join-tokens/join-tokens.service.js';
import { type Method, startTestApp, type TestApp } from '../support/test-app.js';

describe('Authentication', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
  });
  afterAll(() => server.close());

  /** The lowest role that may; every other route of the document is tested the same way in test/contract. */
  const MATRIX: [Method, string, Role][] = [
    ['get', '/settings', 'viewer'],
    ['patch', '/settings', 'admin'],
    ['get', '/api-tokens', 'admin'],
    ['post', '/api-tokens', 'admin'],
    ['delete', '/api-tokens/x', 'admin'],
    ['get', '/join-tokens', 'admin'],
    ['post', '/join-tokens', 'admin'],
  ];
  const CASES = MATRIX.flatMap(([method, path, needed]) =>
    ROLES.map((role): [Role, Method, string, boolean] => [
      role,
      method,
      path,
      ROLES.indexOf(role) >= ROLES.indexOf(needed),
    ]),
  );

  it.each(CASES)('%s: %s %s allowed: %s', async (role, method, path, allowed) => {
    const answer = await server
      .api(method, path, await server.token(role))
      .send(method === 'get' || method === 'delete' ? undefined : {});
    if (allowed) expect(answer.status).not.toBe(403);
    else expect(answer.body).toMatchObject({ status: 403, code: 'forbidden', detail: expect.stringContaining(role) });
    expect(answer.status).not.toBe(401);
  });

  it.each([
    ['nothing', undefined],
    ['another scheme', 'Basic YTpi'],
    ['an unknown token', 'Bearer bp_unknown'],
    ['no token', 'Bearer'],
    ['two tokens', 'Bearer a b'],
  ])('refuses %s with 401', async (_, header) => {
    const request = server.raw('get', '/api/v1/settings');
    const answer = await (header === undefined ? request : request.set('authorization', header)).expect(401);
    expect(answer.body.code).toBe('unauthenticated');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="batchpoint"');
  });

  it('looks at credentials before anything else of the request', async () => {
    await server.api('patch', '/settings?nonsense=1', null).send({ nonsense: 1 }).expect(401);
    await server.api('get', '/api-tokens/nothing', 'bp_unknown').expect(401);
  });

  it('tells the holder of another kind of credential to use another', async () => {
    const answer = await server.api('get', '/settings', await server.joinToken()).expect(403);
    expect(answer.body.detail).toContain('join tokens');
  });

  it.each(['/livez', '/readyz', '/version', '/metrics', '/docs', '/openapi.json', '/openapi.yaml'])(
    '%s needs none',
    async (path) => {
      await server.raw('get', path).expect(200);
    },
  );

  describe('join tokens', () => {
    it('are good for as many enrolments as they say, also at once', async () => {
      const { body } = await server.api('post', '/join-tokens').send({ name: 'three', maxUses: 3 }).expect(201);
      const tokens = server.app.get(JoinTokensService);
      const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => tokens.consume(body.id as string)));
      expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(3);
      const read = await server.api('get', `/join-tokens/${body.id}`).expect(200);
      expect(read.body).toMatchObject({ uses: 3, maxUses: 3, version: 4 });
      expect(read.body).not.toHaveProperty('token');
      await expect(tokens.consume(body.id as string)).rejects.toMatchObject({ code: 'join-token-spent' });
    });

    it('expire', async () => {
      const { body } = await server
        .api('post', '/join-tokens')
        .send({ name: 'old', expiresAt: '2100-01-01T00:00:00+02:00' })
        .expect(201);
      expect(body.expiresAt).toBe('2099-12-31T22:00:00.000Z');
      await server.app
        .get(Database)
        .dataSource.query(`update join_tokens set expires_at = now() - interval '1 s' where id = $1`, [body.id]);
      await expect(server.app.get(JoinTokensService).consume(body.id as string)).rejects.toMatchObject({
        code: 'join-token-spent',
      });
    });

    it('belong to a compute environment there is, and go with it', async () => {
      const missing = { name: 'lost', computeEnvironmentId: 'ce_019aa0b4-6f0c-7c3e-9b1f-1d2f3a4b5c6d' };
      const refused = await server.api('post', '/join-tokens').send(missing).expect(400);
      expect(refused.body.errors[0].pointer).toBe('/computeEnvironmentId');
      const environment = await server.api('post', '/compute-environments').send({ name: 'short-lived' }).expect(201);
      const computeEnvironmentId = environment.body.id as string;
      const { body } = await server
        .api('post', '/join-tokens')
        .send({ name: 'its-own', computeEnvironmentId })
        .expect(201);
      const listed = await server.api('get', `/join-tokens?computeEnvironmentId=${computeEnvironmentId}`).expect(200);
      expect(listed.body.items).toEqual([expect.objectContaining({ id: body.id })]);
      await server.api('delete', `/compute-environments/${computeEnvironmentId}`).expect(204);
      await server.api('get', `/join-tokens/${body.id}`).expect(404);
    });

    it('are unknown once deleted', async () => {
      const { body } = await server.api('post', '/join-tokens').send({ name: 'gone' }).expect(201);
      await server.api('delete', `/join-tokens/${body.id}`).expect(204);
      expect(await server.app.get(JoinTokensService).findJoinToken(hashSecret(body.token as string))).toBeNull();
      await expect(server.app.get(JoinTokensService).consume(body.id as string)).rejects.toMatchObject({
        code: 'join-token-spent',
      });
    });
  });

  it('hears of a deletion on another replica', async () => {
    const replica = await startTestApp({ databaseUrl: server.databaseUrl });
    try {
      const { body } = await server.api('post', '/api-tokens').send({ name: 'everywhere', role: 'viewer' }).expect(201);
      await replica.api('get', '/settings', body.token as string).expect(200);
      await server.api('delete', `/api-tokens/${body.id}`).expect(204);
      for (let tries = 0; ; tries += 1) {
        const { status } = await replica.api('get', '/settings', body.token as string);
        if (status === 401) break;
        // Far less than the ten seconds for which a token is remembered.
        if (tries > 100) throw new Error('the other replica still takes the token');
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    } finally {
      await replica.close();
    }
  });
});
