import { operations } from '../support/api-document.js';
import { FakeAgent } from '../support/fake-agent.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Every single resource can be read and changed on condition; asked of each by its entry in the OpenAPI document. */
describe('Preconditions', () => {
  let server: TestApp;
  /** One of each: the resource's path, and the id of one there is. */
  const ids: Record<string, string> = {};
  beforeAll(async () => {
    server = await startTestApp();
    const create = async (path: string, body: object): Promise<string> =>
      (
        await server
          .api('post', path)
          .send(body)
          .expect((answer) => expect(answer.ok).toBe(true))
      ).body.id;
    ids.storages = await create('/storages', { kind: 'local', name: 'images', mountPath: '/data/images' });
    ids['compute-environments'] = await create('/compute-environments', { name: 'spot', storageId: ids.storages });
    ids['api-tokens'] = await create('/api-tokens', { name: 'reader', role: 'viewer' });
    ids['join-tokens'] = await create('/join-tokens', { name: 'one' });
    const instanceTypes = ['m6i.large', 'm6id.large'];
    ids['compatibility-groups'] = await create('/compatibility-groups', { name: 'ice-lake', instanceTypes });
    const agent = await FakeAgent.start(server.url, await server.joinToken(ids['compute-environments']), {
      storageId: ids.storages,
    });
    ids.hosts = agent.hostId;
    const committed = agent.checkpoint('job-1', 'committed', { image: agent.image({ storageId: ids.storages }) });
    await agent.report(
      agent.container('job-1'),
      committed,
      agent.container('job-1', { status: 'exited', exitCode: 137 }),
    );
    ids.checkpoints = committed.checkpointId;
    ids.jobs = (await server.api('get', '/jobs/job-1').expect(200)).body.id;
    ids.operations = await create('/restores', { checkpointId: ids.checkpoints });
    const preflight = await create('/preflights', { checks: ['storage'] });
    const over = await server.api('get', `/operations/${preflight}?wait=30s`).expect(200);
    ids.preflights = over.body.resource.id;
    ids.restores = (await server.api('get', '/restores').expect(200)).body.items[0].id;
  });
  afterAll(() => server.close());

  const pathOf = (path: string): string => {
    const [resource] = path.replace('/api/v1/', '').split('/');
    return path.replace('/api/v1', '').replace('{id}', ids[resource!] ?? `no-id-of-${resource}`);
  };
  const documented = (method: string, status: string) =>
    operations
      .filter((each) => each.method === method && status in each.operation.responses)
      .map(({ path, operation }) => [operation.operationId, path] as const);

  it.each(documented('get', '304'))('%s answers 304 while nothing has changed, and only then', async (_, path) => {
    const { headers, body } = await server.api('get', pathOf(path)).expect(200);
    expect(headers.etag).toMatch(/^"\d+"$/);
    expect(headers.etag).toBe(`"${body.version}"`);
    const unchanged = await server.api('get', pathOf(path)).set('if-none-match', headers.etag!).expect(304);
    expect(unchanged.text).toBe('');
    expect(unchanged.headers.etag).toBe(headers.etag);
    await server.api('get', pathOf(path)).set('if-none-match', '"999999"').expect(200);
  });

  it.each([
    ...documented('patch', '412').map((each) => ['patch', ...each] as const),
    ...documented('delete', '412').map((each) => ['delete', ...each] as const),
  ])('%s: %s refuses a change based on another version, and leaves things as they were', async (method, _, path) => {
    const before = (await server.api('get', pathOf(path)).expect(200)).body;
    for (const stale of ['"999999"', 'W/"1"', '"x"']) {
      const { body } = await server
        .api(method, pathOf(path))
        .set('if-match', stale)
        .send(method === 'patch' ? {} : undefined)
        .expect(412);
      expect(body.code).toBe('version-mismatch');
      expect(body.detail).toContain(`"${before.version}"`);
    }
    expect((await server.api('get', pathOf(path)).expect(200)).body).toEqual(before);
  });

  it('lists operations, each as it reads by itself', async () => {
    const { body } = await server.api('get', '/operations?status=pending&type=restore').expect(200);
    expect(body.items).toEqual([(await server.api('get', `/operations/${ids.operations}`).expect(200)).body]);
  });

  it('a checkpoint that is no more cannot be pinned, nor restored', async () => {
    const agent = await FakeAgent.start(server.url, await server.joinToken(), {});
    const failed = agent.checkpoint('job-2', 'failed');
    await agent.report(agent.container('job-2'), failed);
    for (const request of [
      server.api('patch', `/checkpoints/${failed.checkpointId}`).send({ pinned: true }),
      server.api('get', `/checkpoints/${failed.checkpointId}/restore-targets`),
    ]) {
      expect((await request.expect(409)).body.code).toBe('checkpoint-not-committed');
    }
  });
});
