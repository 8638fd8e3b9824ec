import { randomUUID } from 'node:crypto';
import { Database } from '../../src/server/database/database.js';
import { HostsAndJobs } from '../support/hosts-and-jobs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const GIB = 1024 ** 3;
const NFS = { server: 'files.example.internal', exportPath: '/exports/checkpoints' };
const FSX = { fileSystemId: 'fs-0123456789abcdef0', mountName: 'fsx', dnsName: 'lustre.example.internal' };
const SECRET = 'hunter2-very-secret';
const JUICEFS = { metadataUrl: `rediss://:${SECRET}@cache.example.internal:6379/1`, bucket: 'example-checkpoints' };

describe('Storages', () => {
  let server: TestApp;
  let rows: HostsAndJobs;
  beforeAll(async () => {
    server = await startTestApp();
    rows = new HostsAndJobs(server);
  });
  afterAll(() => server.close());

  let serial = 0;
  const name = (): string => `storage-${(serial += 1)}`;
  const post = (body: object) => server.api('post', '/storages').send(body);
  const create = async (body: object = {}): Promise<{ id: string; name: string }> => {
    const { body: created } = await post({
      kind: 'nfs',
      name: name(),
      mountPath: '/mnt/batchpoint',
      settings: NFS,
      ...body,
    }).expect(201);
    return created as { id: string; name: string };
  };

  describe('are set up', () => {
    it.each([
      ['local', {}, {}],
      ['nfs', { ...NFS, version: '4.2', mountOptions: ['noresvport'] }, {}],
      [
        'efs',
        { fileSystemId: 'fs-0123456789abcdef0', accessPointId: 'fsap-0123456789abcdef0' },
        { tls: true, iamAuthorization: false },
      ],
      [
        'fsx-lustre',
        { fileSystemId: 'fs-0123456789abcdef0', mountName: 'fsx12abc', dnsName: 'lustre.example.internal' },
        { region: null },
      ],
      [
        'ebs',
        { sizeBytes: 100 * GIB },
        { volumeType: 'gp3', iops: null, throughputMibPerSecond: null, encrypted: true },
      ],
    ])('of kind %s, with their defaults filled in', async (kind, settings, defaults) => {
      const body = { kind, name: name(), mountPath: '/mnt/batchpoint', settings, labels: { team: 'genomics' } };
      const { body: storage, headers } = await post(body).expect(201);
      expect(storage).toMatchObject({
        ...body,
        settings: { ...settings, ...defaults },
        version: 1,
        lastVerification: null,
      });
      expect(headers.location).toBe(`/api/v1/storages/${storage.id}`);
      expect(headers.etag).toBe('"1"');
      expect((await server.api('get', `/storages/${storage.id}`).expect(200)).body).toEqual(storage);
    });

    it('of kind local without settings', async () => {
      await post({ kind: 'local', name: name(), mountPath: '/data/checkpoints' }).expect(201);
    });

    it('and say honestly what is known of a volume that each host has for itself', async () => {
      const { body } = await post({
        kind: 'ebs',
        name: name(),
        mountPath: '/mnt/scratch',
        settings: { sizeBytes: GIB },
      }).expect(201);
      expect(body).toMatchObject({
        purposes: ['scratch'],
        status: {
          state: 'host-only',
          message: expect.stringContaining('the server is not told whether it is mounted'),
          checkedAt: null,
        },
      });
    });

    it('once by name', async () => {
      const { id, name: taken } = await create();
      const { body } = await post({ kind: 'local', name: taken, mountPath: '/data' }).expect(409);
      expect(body).toMatchObject({ code: 'name-taken', detail: `There is a storage named ${taken} already: ${id}.` });
    });

    it('not at all by a dry run, which makes all the checks', async () => {
      const body = { kind: 'nfs', name: name(), mountPath: '/mnt/batchpoint', settings: NFS };
      const dry = () => server.api('post', '/storages?dryRun=true');
      await dry().send(body).expect(201);
      await dry()
        .send({ ...body, settings: {} })
        .expect(400);
      expect((await server.api('get', `/storages?name=${body.name}`).expect(200)).body.items).toEqual([]);
    });

    it('once with an Idempotency-Key', async () => {
      const key = randomUUID();
      const body = { kind: 'juicefs', name: name(), mountPath: '/mnt/jfs', settings: JUICEFS };
      const send = (changes: object = {}) =>
        server
          .api('post', '/storages')
          .set('idempotency-key', key)
          .send({ ...body, ...changes });
      const first = await send().expect(201);
      expect((await send().expect(201)).body).toEqual(first.body);
      await send({ settings: { ...JUICEFS, bucket: 'other' } }).expect(422);
    });

    it('by administrators only', async () => {
      const body = { kind: 'local', name: name(), mountPath: '/data' };
      await server
        .api('post', '/storages', await server.token('operator'))
        .send(body)
        .expect(403);
      await server.api('post', '/storages', null).send(body).expect(401);
    });
  });

  describe('are changed', () => {
    it('by merge patch: absent keeps, null clears', async () => {
      const { id } = await create({
        settings: { ...NFS, version: '3', mountOptions: ['noresvport'] },
        labels: { a: '1', b: '2' },
      });
      const patch = { settings: { version: null, mountOptions: ['rsize=1048576'] }, labels: { a: null, c: '3' } };
      const { body, headers } = await server
        .api('patch', `/storages/${id}`)
        .set('content-type', 'application/merge-patch+json')
        .send(JSON.stringify(patch))
        .expect(200);
      expect(body).toMatchObject({ version: 2, settings: { ...NFS, version: '4.1', mountOptions: ['rsize=1048576'] } });
      expect(body.labels).toEqual({ b: '2', c: '3' });
      expect(headers.etag).toBe('"2"');
    });

    it('only as they were when read, with If-Match', async () => {
      const { id } = await create();
      await server.api('patch', `/storages/${id}`).set('if-match', '"1"').send({ mountPath: '/mnt/other' }).expect(200);
      const stale = await server
        .api('patch', `/storages/${id}`)
        .set('if-match', '"1"')
        .send({ mountPath: '/mnt/third' })
        .expect(412);
      expect(stale.body.code).toBe('version-mismatch');
      await server.api('get', `/storages/${id}`).set('if-none-match', '"2"').expect(304);
      await server.api('delete', `/storages/${id}`).set('if-match', '"1"').expect(412);
    });

    it('not by a dry run', async () => {
      const { id } = await create();
      const { body } = await server
        .api('patch', `/storages/${id}?dryRun=true`)
        .send({ mountPath: '/mnt/other' })
        .expect(200);
      expect(body.mountPath).toBe('/mnt/other');
      expect((await server.api('get', `/storages/${id}`).expect(200)).body).toMatchObject({
        mountPath: '/mnt/batchpoint',
        version: 1,
      });
      await server.api('delete', `/storages/${id}?dryRun=true`).expect(204);
      await server.api('get', `/storages/${id}`).expect(200);
    });

    it.each<[object, string, RegExp]>([
      [{ kind: 'local' }, '/kind', /There is no field "kind" here/],
      [{ name: null }, '/name', /name/],
      [{ settings: null }, '/settings', /settings must be an object/],
      [{ settings: { server: 'a b' } }, '/settings/server', /must be a host name or an IPv4 address/],
      [{ settings: { server: null } }, '/settings/server', /server is required/],
      [{ settings: { colour: 'blue' } }, '/settings/colour', /There is no field "colour" here/],
      [{ mountPath: '/proc' }, '/mountPath', /must not lie in a system directory/],
      [{ labels: null }, '/labels', /must be an object of texts/],
    ])('not with %j', async (patch, pointer, message) => {
      const { id } = await create();
      const { body } = await server.api('patch', `/storages/${id}`).send(patch).expect(400);
      expect(body.errors).toEqual([{ pointer, code: expect.any(String), detail: expect.stringMatching(message) }]);
    });

    it('not to a name that another has', async () => {
      const [one, other] = [await create(), await create()];
      const { body } = await server.api('patch', `/storages/${one.id}`).send({ name: other.name }).expect(409);
      expect(body.code).toBe('name-taken');
      await server.api('patch', `/storages/${one.id}`).send({ name: one.name }).expect(200);
    });
  });

  describe('are deleted', () => {
    it('and then are gone', async () => {
      const { id } = await create();
      await server.api('delete', `/storages/${id}`).expect(204);
      for (const [method, path] of [
        ['get', ''],
        ['delete', ''],
        ['get', '/mount-script'],
        ['post', '/verifications'],
      ] as const) {
        const { body } = await server.api(method, `/storages/${id}${path}`).expect(404);
        expect(body).toMatchObject({ code: 'not-found', detail: `There is no storage ${id}.` });
      }
      await server.api('patch', `/storages/${id}`).send({}).expect(404);
    });

    it('not while compute environments or checkpoints use them, and say which', async () => {
      const { id, name: storageName } = await create();
      const environment = await server
        .api('post', '/compute-environments')
        .send({ name: 'uses-it', storageId: id })
        .expect(201);
      const host = await rows.host(null);
      const checkpoint = await rows.checkpoint(id, await rows.job({ host_id: host }), host);
      const refused = await server.api('delete', `/storages/${id}`).expect(409);
      expect(refused.body).toMatchObject({
        code: 'in-use',
        detail: `Storage ${storageName} is still used by compute environment uses-it and checkpoint ${checkpoint}; take it out of there, or delete them, first.`,
      });
      await server.api('delete', `/compute-environments/${environment.body.id}`).expect(204);
      expect((await server.api('delete', `/storages/${id}`).expect(409)).body.detail).toContain(
        `used by checkpoint ${checkpoint};`,
      );
      await server.app
        .get(Database)
        .manager.query(`update checkpoints set status = 'deleted', deleted_at = now() where id = $1`, [checkpoint]);
      await server.api('delete', `/storages/${id}`).expect(204);
    });
  });

  it('are listed by kind and name, in order, a page at a time', async () => {
    const prefix = `z${randomUUID().slice(0, 8)}`;
    for (const suffix of ['b', 'a', 'c'])
      await create({
        name: `${prefix}-${suffix}`,
        kind: 'fsx-lustre',
        settings: FSX,
      });
    const found: string[] = [];
    let path = '/storages?kind=fsx-lustre&sort=-name&pageSize=2';
    for (let pages = 0; path !== ''; pages += 1) {
      const { body, headers } = await server.api('get', path, await server.token('viewer')).expect(200);
      found.push(...(body.items as { name: string }[]).map((storage) => storage.name));
      path = (/<\/api\/v1(.*)>; rel="next"/.exec(headers.link ?? '') ?? [])[1] ?? '';
      expect(pages).toBeLessThan(10);
    }
    expect(found.filter((each) => each.startsWith(prefix))).toEqual([`${prefix}-c`, `${prefix}-b`, `${prefix}-a`]);
    expect((await server.api('get', `/storages?name=${prefix}-a`).expect(200)).body.items).toHaveLength(1);
    const refused = await server.api('get', '/storages?kind=floppy&colour=blue').expect(400);
    expect((refused.body.errors as { pointer: string }[]).map((error) => error.pointer).sort()).toEqual([
      '?colour',
      '?kind',
    ]);
  });
});
