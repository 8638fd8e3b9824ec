import { startTestApp, type TestApp } from '../support/test-app.js';

describe('API tokens', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
  });
  afterAll(() => server.close());

  const create = (body: object) => server.api('post', '/api-tokens').send(body);

  it('are created with a secret that is shown once and works', async () => {
    const created = await create({ name: 'reader', role: 'viewer' }).expect(201);
    expect(created.body).toMatchObject({
      name: 'reader',
      role: 'viewer',
      expiresAt: null,
      lastUsedAt: null,
      version: 1,
    });
    expect(created.headers.location).toBe(`/api/v1/api-tokens/${created.body.id}`);
    expect(created.headers.etag).toBe('"1"');
    await server.api('get', '/settings', created.body.token).expect(200);
    const read = await server.api('get', `/api-tokens/${created.body.id}`).expect(200);
    expect(read.body).not.toHaveProperty('token');
    expect(JSON.stringify(read.body)).not.toContain(created.body.token);
  });

  it('have unique names', async () => {
    await create({ name: 'twice', role: 'viewer' }).expect(201);
    const again = await create({ name: 'twice', role: 'admin' }).expect(409);
    expect(again.body.code).toBe('name-taken');
  });

  it('stop working the moment they are deleted', async () => {
    const { body } = await create({ name: 'short-lived', role: 'viewer' }).expect(201);
    await server.api('get', '/settings', body.token).expect(200);
    await server.api('delete', `/api-tokens/${body.id}`).expect(204);
    await server.api('get', `/api-tokens/${body.id}`).expect(404);
    const refused = await server.api('get', '/settings', body.token).expect(401);
    expect(refused.body.code).toBe('unauthenticated');
    expect(refused.headers['www-authenticate']).toContain('Bearer');
  });

  it('stop working when they expire', async () => {
    const expiresAt = new Date(Date.now() + 1200).toISOString();
    const { body } = await create({ name: 'expiring', role: 'viewer', expiresAt }).expect(201);
    await server.api('get', '/settings', body.token).expect(200);
    await new Promise((resolve) => setTimeout(resolve, 1300));
    await server.api('get', '/settings', body.token).expect(401);
  });

  it('cannot expire in the past', async () => {
    const answer = await create({ name: 'late', role: 'viewer', expiresAt: '2020-01-01T00:00:00Z' }).expect(400);
    expect(answer.body.errors).toEqual([expect.objectContaining({ pointer: '/expiresAt' })]);
  });

  it('keep at least one admin', async () => {
    const { body } = await server.api('get', '/api-tokens?role=admin').expect(200);
    const admins = body.items as { id: string; name: string }[];
    const last = admins.find((token) => token.name === 'admin-token-file')!;
    for (const token of admins.filter((other) => other !== last))
      await server.api('delete', `/api-tokens/${token.id}`).expect(204);
    const refused = await server.api('delete', `/api-tokens/${last.id}`).expect(409);
    expect(refused.body.code).toBe('last-admin-token');
  });

  it('say when they were last used', async () => {
    const { body } = await create({ name: 'used', role: 'viewer' }).expect(201);
    await server.api('get', '/settings', body.token).expect(200);
    for (let i = 0; i < 50; i += 1) {
      const read = await server.api('get', `/api-tokens/${body.id}`).expect(200);
      if (read.body.lastUsedAt !== null) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('lastUsedAt was never set');
  });
});
