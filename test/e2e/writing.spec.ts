import { randomUUID } from 'node:crypto';
import { Database } from '../../src/server/database/database.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('Writing', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
  });
  afterAll(() => server.close());

  const create = (body: object, key?: string, token?: string) => {
    const request = server.api('post', '/api-tokens', token);
    return (key === undefined ? request : request.set('idempotency-key', key)).send(body);
  };
  const count = async (name: string): Promise<number> => {
    const { body } = await server.api('get', '/api-tokens?pageSize=200').expect(200);
    return (body.items as { name: string }[]).filter((token) => token.name === name).length;
  };

  describe('with an Idempotency-Key', () => {
    it('gives the same answer again, secret and headers included, and acts once', async () => {
      const key = randomUUID();
      const first = await create({ name: 'once', role: 'viewer' }, key).expect(201);
      const again = await create({ role: 'viewer', name: 'once' }, key).expect(201);
      expect(again.body).toEqual(first.body);
      expect(again.headers.location).toBe(first.headers.location);
      expect(again.headers.etag).toBe(first.headers.etag);
      expect(again.headers['idempotency-replayed']).toBe('true');
      expect(first.headers['idempotency-replayed']).toBeUndefined();
      expect(await count('once')).toBe(1);
    });

    it('refuses another payload or path under the same key', async () => {
      const key = randomUUID();
      await create({ name: 'payload', role: 'viewer' }, key).expect(201);
      const other = await create({ name: 'payload', role: 'admin' }, key).expect(422);
      expect(other.body.code).toBe('idempotency-key-reused');
      await server.api('post', '/join-tokens').set('idempotency-key', key).send({ name: 'payload' }).expect(422);
    });

    it('keeps callers apart', async () => {
      const key = randomUUID();
      const other = (await create({ name: 'other-admin', role: 'admin' }).expect(201)).body.token as string;
      await create({ name: 'mine', role: 'viewer' }, key).expect(201);
      await create({ name: 'theirs', role: 'viewer' }, key, other).expect(201);
    });

    it('acts once when the same request comes many times at once', async () => {
      const key = randomUUID();
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => create({ name: 'crowd', role: 'viewer' }, key)),
      );
      const statuses = answers.map((answer) => answer.status);
      expect(statuses).toContain(201);
      expect(statuses.filter((status) => status !== 201 && status !== 409)).toEqual([]);
      for (const { status, body, headers } of answers) {
        if (status !== 409) continue;
        expect(body.code).toBe('idempotency-key-in-use');
        expect(headers['retry-after']).toBe('1');
      }
      const bodies = answers.filter((answer) => answer.status === 201).map((answer) => answer.body.token as string);
      expect(new Set(bodies).size).toBe(1);
      expect(await count('crowd')).toBe(1);
    });

    it('remembers nothing of a request that failed', async () => {
      const key = randomUUID();
      await create({ name: 'taken', role: 'viewer' }).expect(201);
      const { body } = await server.api('get', '/api-tokens?pageSize=200').expect(200);
      const taken = (body.items as { id: string; name: string }[]).find((token) => token.name === 'taken')!;
      await create({ name: 'taken', role: 'viewer' }, key).expect(409);
      await server.api('delete', `/api-tokens/${taken.id}`).expect(204);
      await create({ name: 'taken', role: 'viewer' }, key).expect(201);
    });

    it('leaves neither the rows nor the record when the database session dies before the commit', async () => {
      const database = server.app.get(Database);
      const key = randomUUID();
      // Holds the commit up: the insert of the same name waits for this transaction.
      await database.dataSource.transaction(async (manager) => {
        await manager.query(
          `insert into api_tokens (id, version, name, role, hash) values ('tok_blocker', 1, 'crash', 'viewer', 'none')`,
        );
        const pending = create({ name: 'crash', role: 'viewer' }, key).then((answer) => answer);
        for (let killed = 0; killed === 0;) {
          // Outside the transaction, in which the view of other sessions stays as it was first read.
          const rows = await database.dataSource.query<unknown[]>(
            `select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and query like 'INSERT INTO "api_tokens"%'`,
          );
          killed = rows.length;
        }
        const answer = await pending;
        expect(answer.status).toBe(503);
        expect(answer.body.code).toBe('database-unavailable');
        await manager.query(`delete from api_tokens where id = 'tok_blocker'`);
      });
      const retried = await create({ name: 'crash', role: 'viewer' }, key).expect(201);
      expect(retried.headers['idempotency-replayed']).toBeUndefined();
      expect(await count('crash')).toBe(1);
    });

    it('stores no secret in the clear', async () => {
      const { body } = await create({ name: 'sealed', role: 'viewer' }, randomUUID()).expect(201);
      const rows = await server.app
        .get(Database)
        .dataSource.query<{ text: string }[]>(
          `select encode(answer, 'escape') as text from idempotency_keys union all select row_to_json(t)::text from api_tokens t`,
        );
      expect(rows.map((row) => row.text).join('\n')).not.toContain(body.token);
    });

    it('refuses a key that is no key', async () => {
      const answer = await create({ name: 'key', role: 'viewer' }, 'a b').expect(400);
      expect(answer.body.errors[0].pointer).toBe('header:Idempotency-Key');
    });
  });

  describe('with ?dryRun=true', () => {
    it('makes all checks and writes nothing', async () => {
      const answer = await server
        .api('post', '/api-tokens?dryRun=true')
        .send({ name: 'rehearsed', role: 'viewer' })
        .expect(201);
      expect(answer.body).toMatchObject({ name: 'rehearsed', version: 1 });
      expect(answer.headers['dry-run']).toBe('true');
      expect(answer.headers.location).toBeUndefined();
      expect(await count('rehearsed')).toBe(0);
      await server.api('get', '/settings', answer.body.token as string).expect(401);
      await create({ name: 'rehearsed', role: 'viewer' }).expect(201);
      await server.api('post', '/api-tokens?dryRun=true').send({ name: 'rehearsed', role: 'viewer' }).expect(409);
      await server.api('post', '/api-tokens?dryRun=true').send({ name: 'rehearsed', role: 'none' }).expect(400);
    });

    it('does not use the idempotency key up', async () => {
      const key = randomUUID();
      await server
        .api('post', '/api-tokens?dryRun=true')
        .set('idempotency-key', key)
        .send({ name: 'later', role: 'viewer' })
        .expect(201);
      await create({ name: 'later', role: 'viewer' }, key).expect(201);
    });

    it('works for changes and deletions', async () => {
      const before = await server.api('get', '/settings').expect(200);
      const changed = await server
        .api('patch', '/settings?dryRun=true')
        .send({ policy: { keep: 7 } })
        .expect(200);
      expect(changed.body.policy.keep).toBe(7);
      expect((await server.api('get', '/settings').expect(200)).body).toEqual(before.body);
      const { body } = await create({ name: 'kept', role: 'viewer' }).expect(201);
      await server.api('delete', `/api-tokens/${body.id}?dryRun=true`).expect(204);
      await server.api('get', `/api-tokens/${body.id}`).expect(200);
    });
  });

  describe('settings', () => {
    it('change as a merge patch: absent keeps, null goes back to the default', async () => {
      const patch = (body: object) =>
        server
          .api('patch', '/settings')
          .set('content-type', 'application/merge-patch+json')
          .send(JSON.stringify(body))
          .expect(200);
      const { body: before } = await server.api('get', '/settings').expect(200);
      const changed = await patch({ policy: { interval: '5m', keep: 4 }, agents: { heartbeatInterval: '5s' } });
      expect(changed.body.policy).toEqual({ ...before.policy, interval: '5m', keep: 4 });
      const kept = await patch({ policy: { interval: null } });
      expect(kept.body.policy).toEqual({ ...before.policy, keep: 4 });
      const cleared = await patch({ policy: null, agents: null });
      expect(cleared.body.policy).toEqual(before.policy);
      expect(cleared.body.agents).toEqual(before.agents);
      expect(cleared.body.version).toBe(before.version + 3);
    });

    it('refuse what cannot be', async () => {
      const refuse = async (body: object, pointer: string) => {
        const answer = await server.api('patch', '/settings').send(body).expect(400);
        expect(answer.body.errors[0].pointer).toBe(pointer);
      };
      await refuse({ policy: { interval: '500ms' } }, '/policy/interval');
      await refuse({ policy: { interval: '99999999h' } }, '/policy/interval');
      await refuse({ policy: { mode: 'sometimes' } }, '/policy/mode');
      await refuse({ policy: { keep: 1.5 } }, '/policy/keep');
      await refuse({ agents: { heartbeatInterval: '40s' } }, '/agents/offlineAfter');
      await refuse({ policy: 'off' }, '/policy');
      await refuse({ policy: [] }, '/policy');
    });
  });

  describe('with ETags', () => {
    it('changes only what the client has seen', async () => {
      const read = await server.api('get', '/settings').expect(200);
      const etag = read.headers.etag!;
      const patch = (ifMatch: string) =>
        server
          .api('patch', '/settings')
          .set('if-match', ifMatch)
          .send({ policy: { keep: 5 } });
      const changed = await patch(etag).expect(200);
      expect(changed.headers.etag).not.toBe(etag);
      const stale = await patch(etag).expect(412);
      expect(stale.body.code).toBe('version-mismatch');
      await patch(`W/${changed.headers.etag}`).expect(412);
      await patch('nonsense').expect(412);
      await patch(`"0", ${changed.headers.etag}`).expect(200);
      await patch('*').expect(200);
    });

    it('lets one of two changes at once win', async () => {
      const { headers } = await server.api('get', '/settings').expect(200);
      const answers = await Promise.all(
        [6, 7, 8].map((keep) =>
          server.api('patch', '/settings').set('if-match', headers.etag!).send({ policy: { keep } }),
        ),
      );
      expect(answers.map((answer) => answer.status).sort()).toEqual([200, 412, 412]);
    });

    it('answers 304 while nothing changed', async () => {
      const { headers } = await server.api('get', '/settings').expect(200);
      const same = await server.api('get', '/settings').set('if-none-match', headers.etag!).expect(304);
      expect(same.text).toBe('');
      expect(same.headers.etag).toBe(headers.etag);
      await server.api('get', '/settings').set('if-none-match', `"x", W/${headers.etag}`).expect(304);
      await server
        .api('patch', '/settings')
        .send({ policy: { keep: 9 } })
        .expect(200);
      await server.api('get', '/settings').set('if-none-match', headers.etag!).expect(200);
    });

    it('guards deletions', async () => {
      const { body } = await create({ name: 'guarded', role: 'viewer' }).expect(201);
      await server.api('delete', `/api-tokens/${body.id}`).set('if-match', '"2"').expect(412);
      await server.api('delete', `/api-tokens/${body.id}`).set('if-match', '"1"').expect(204);
    });
  });
});
