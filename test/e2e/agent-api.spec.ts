import { FakeAgent, fakeFacts } from '../support/fake-agent.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('The agent API', () => {
  let server: TestApp;
  let joinToken: string;
  beforeAll(async () => {
    server = await startTestApp();
    joinToken = await server.joinToken();
  });
  afterAll(() => server.close());

  describe('enrolment', () => {
    it('makes a host, once for each machine, and replaces its credential', async () => {
      const agent = new FakeAgent(server.url);
      expect((await agent.enrol(joinToken)).status).toBe(201);
      const { hostId, credential } = agent;
      expect((await agent.open()).status).toBe(201);
      const host = await server.api('get', `/hosts/${hostId}`).expect(200);
      expect(host.body).toMatchObject({ id: hostId, status: 'online', name: agent.facts.hostName, draining: false });
      expect(JSON.stringify(host.body)).not.toContain(agent.machineId);

      expect((await agent.enrol(joinToken)).status).toBe(201);
      expect(agent.hostId).toBe(hostId);
      expect(agent.credential).not.toBe(credential);
      expect((await agent.open()).body).toMatchObject({ session: 2 });
      const old = await agent.call(
        'POST',
        '/sessions',
        { facts: agent.facts, findings: [] },
        { authorization: `Bearer ${credential}` },
      );
      expect(old).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    });

    it('refuses facts of the wrong shape by name', async () => {
      const agent = new FakeAgent(server.url, undefined, { ...fakeFacts(), memoryBytes: 'much' as never });
      const answer = await agent.enrol(joinToken);
      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'validation-failed', errors: [{ pointer: '/facts' }] },
      });
      expect(answer.body.detail).toContain('facts.memoryBytes');
    });

    it('takes members a newer agent sends', async () => {
      const agent = new FakeAgent(server.url, undefined, { ...fakeFacts(), colour: 'blue' } as never);
      expect((await agent.enrol(joinToken)).status).toBe(201);
    });

    it('needs a join token', async () => {
      const agent = new FakeAgent(server.url);
      expect((await agent.enrol('bpj_wrong')).status).toBe(401);
      expect((await agent.enrol(server.adminToken)).status).toBe(403);
    });
  });

  describe('sessions', () => {
    it('fence every call of an older process', async () => {
      const agent = await FakeAgent.start(server.url, joinToken);
      const old = new FakeAgent(server.url, agent.machineId, agent.facts);
      Object.assign(old, { hostId: agent.hostId, credential: agent.credential, session: agent.session });
      const polling = old.poll('20s');
      await agent.open();
      const refused = { status: 409, body: { code: 'stale-agent-session' } };
      expect(await polling).toMatchObject(refused);
      expect(await old.heartbeat()).toMatchObject(refused);
      expect(await old.poll()).toMatchObject(refused);
      expect(await old.report()).toMatchObject(refused);
      expect(await old.result('cmd_x', { status: 'succeeded', output: {} })).toMatchObject(refused);
      expect((await agent.heartbeat()).status).toBe(200);
    });

    it('must be named', async () => {
      const agent = await FakeAgent.start(server.url, joinToken);
      const answer = await agent.call('GET', '/commands', undefined, { 'batchpoint-session': 'first' });
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: 'header:Batchpoint-Session' }] } });
    });
  });

  describe('heartbeats', () => {
    it('bring the configuration when it has changed', async () => {
      const agent = await FakeAgent.start(server.url, joinToken);
      const { revision } = agent.config!;
      expect((await agent.heartbeat({}, { 'if-none-match': revision })).body.config).toBeNull();
      await server
        .api('patch', '/settings')
        .send({ policy: { keep: 7 } })
        .expect(200);
      const { config } = (await agent.heartbeat({}, { 'if-none-match': revision })).body;
      expect(config).toMatchObject({ hostId: agent.hostId, policy: { keep: 7 } });
      expect(config!.revision).not.toBe(revision);
    });

    it('change the version only when they bring news', async () => {
      const agent = await FakeAgent.start(server.url, joinToken);
      const storage = { storageId: 'stor_1', ready: true, reason: null, freeBytes: 5, totalBytes: 10 };
      const version = async (): Promise<number> => (await server.api('get', `/hosts/${agent.hostId}`)).body.version;
      await agent.heartbeat({ storage });
      const before = await version();
      await agent.heartbeat({ storage: { ...storage, freeBytes: 4 } });
      expect(await version()).toBe(before);
      await agent.heartbeat({ storage: { ...storage, ready: false, reason: 'gone' } });
      expect(await version()).toBe(before + 1);
      expect((await server.api('get', `/hosts/${agent.hostId}`)).body.storage).toMatchObject({
        ready: false,
        reason: 'gone',
      });
    });
  });

  describe('hosts', () => {
    it('are drained, labelled and deregistered by hand', async () => {
      const agent = await FakeAgent.start(server.url, joinToken);
      const path = `/hosts/${agent.hostId}`;
      const read = await server.api('get', path).expect(200);
      const dry = await server.api('patch', `${path}?dryRun=true`).send({ draining: true }).expect(200);
      expect(dry.body.draining).toBe(true);
      const patched = await server
        .api('patch', path)
        .set('if-match', read.headers.etag!)
        .send({ draining: true, labels: { a: 'b' } })
        .expect(200);
      expect(patched.body).toMatchObject({ draining: true, labels: { a: 'b' }, version: read.body.version + 1 });
      await server.api('patch', path).set('if-match', read.headers.etag!).send({ draining: false }).expect(412);

      await agent.heartbeat({ runningJobs: 1 });
      expect((await server.api('delete', path).expect(409)).body.code).toBe('in-use');
      await agent.heartbeat({ runningJobs: 0 });
      await server.api('delete', path).expect(204);
      expect((await agent.heartbeat()).status).toBe(401);
      expect((await server.api('get', path).expect(200)).body.status).toBe('deregistered');
      await server.api('delete', path).expect(204);
      expect((await agent.enrol(joinToken)).status).toBe(201);
      expect((await agent.open()).status).toBe(201);
      expect((await server.api('get', path).expect(200)).body.status).toBe('online');
    });

    it('are listed by page and by filter', async () => {
      for (let i = 0; i < 3; i += 1) await FakeAgent.start(server.url, joinToken);
      const seen = new Set<string>();
      let token: string | null = null;
      do {
        const next: string = token === null ? '' : `&pageToken=${token}`;
        const { body } = await server.api('get', `/hosts?pageSize=2&status=online${next}`).expect(200);
        for (const host of body.items) seen.add(host.id);
        token = body.nextPageToken;
      } while (token !== null);
      const all = await server.api('get', '/hosts?pageSize=200&status=online').expect(200);
      expect([...seen]).toEqual(all.body.items.map((host: { id: string }) => host.id));
      expect((await server.api('get', '/hosts?status=deregistered').expect(200)).body.items).toEqual([]);
      await server.api('get', '/hosts?colour=blue').expect(400);
    });
  });
});
