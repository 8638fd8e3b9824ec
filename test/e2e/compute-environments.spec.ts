import { StorageService } from '../../src/server/storage/storage.service.js';
import { randomUUID } from 'node:crypto';
import { DEFAULT_POLICY } from '../../src/protocol/policy.js';
import { Database } from '../../src/server/database/database.js';
import { HostsAndJobs } from '../support/hosts-and-jobs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const NO_SUCH_STORAGE = 'stor_019aa0b4-6f0c-7c3e-9b1f-1d2f3a4b5c6d';

describe('Compute environments', () => {
  let server: TestApp;
  let rows: HostsAndJobs;
  let storageId: string;
  beforeAll(async () => {
    server = await startTestApp();
    rows = new HostsAndJobs(server);
    storageId = await storage({ kind: 'local', mountPath: '/data/checkpoints' });
  });
  afterAll(() => server.close());

  let serial = 0;
  const name = (): string => `environment-${(serial += 1)}`;
  async function storage(body: object): Promise<string> {
    return (
      await server
        .api('post', '/storages')
        .send({ name: name(), mountPath: '/mnt/batchpoint', ...body })
        .expect(201)
    ).body.id;
  }
  const post = (body: object) => server.api('post', '/compute-environments').send(body);
  const create = async (body: object = {}): Promise<{ id: string; name: string }> =>
    (await post({ name: name(), storageId, instanceTypes: ['m6i.large'], ...body }).expect(201)).body;

  describe('are registered', () => {
    it('with a storage, instance types and what differs from the system policy', async () => {
      const body = {
        name: name(),
        storageId,
        instanceTypes: ['m6i.large', 'c6i', 'optimal'],
        policy: { interval: '5m', keep: null },
        labels: { team: 'genomics' },
      };
      const { body: registered, headers } = await post(body).expect(201);
      const { findings, ...created } = registered;
      expect(findings).toEqual(
        (await server.api('get', `/compute-environments/${created.id}/findings`).expect(200)).body.items,
      );
      expect(created).toMatchObject({ ...body, policy: { interval: '5m' }, version: 1 });
      expect(created.policy).toEqual({ interval: '5m' });
      expect(created.effectivePolicy).toEqual({ ...DEFAULT_POLICY, interval: '5m' });
      expect(headers.location).toBe(`/api/v1/compute-environments/${created.id}`);
      expect(
        (await server.api('get', `/compute-environments/${created.id}`, await server.token('viewer')).expect(200)).body,
      ).toEqual(created);
    });

    it('by name alone', async () => {
      const { body } = await post({ name: name() }).expect(201);
      expect(body).toMatchObject({ storageId: null, instanceTypes: [], policy: {}, labels: {} });
    });

    it('once', async () => {
      const { id, name: taken } = await create();
      const { body } = await post({ name: taken }).expect(409);
      expect(body).toMatchObject({
        code: 'name-taken',
        detail: `Compute environment ${taken} is registered already: ${id}. Change that one with PATCH.`,
      });
    });

    it('once with an Idempotency-Key, and not at all by a dry run', async () => {
      const key = randomUUID();
      const body = { name: name() };
      const send = () => server.api('post', '/compute-environments').set('idempotency-key', key).send(body);
      expect((await send().expect(201)).body).toEqual((await send().expect(201)).body);
      const rehearsed = { name: name() };
      await server.api('post', '/compute-environments?dryRun=true').send(rehearsed).expect(201);
      expect((await server.api('get', `/compute-environments?name=${rehearsed.name}`).expect(200)).body.items).toEqual(
        [],
      );
    });

    it('by administrators only', async () => {
      await server
        .api('post', '/compute-environments', await server.token('operator'))
        .send({ name: name() })
        .expect(403);
      await server.api('post', '/compute-environments', null).send({ name: name() }).expect(401);
    });
  });

  describe('refuse', () => {
    it.each<[string, object, string, RegExp]>([
      ['no name', { name: undefined }, '/name', /name is required/],
      ['a name AWS Batch has not', { name: 'a.b' }, '/name', /must be a name AWS Batch allows/],
      ['a long name', { name: 'a'.repeat(129) }, '/name', /128/],
      ['an unknown field', { colour: 'blue' }, '/colour', /There is no field "colour" here/],
      ['an id that is none', { storageId: 'mine' }, '/storageId', /storageId must be an id such as stor_/],
      ['a storage that is not there', { storageId: NO_SUCH_STORAGE }, '/storageId', /There is no storage stor_/],
      ['instance types that are no list', { instanceTypes: 'm6i' }, '/instanceTypes', /instanceTypes must be an array/],
      ['an instance type that is none', { instanceTypes: ['big'] }, '/instanceTypes', /instanceTypes/],
      ['an instance type twice', { instanceTypes: ['m6i', 'm6i'] }, '/instanceTypes', /names a type twice/],
      ['a policy that is none', { policy: 'often' }, '/policy', /policy must be an object/],
      [
        'an unknown policy field',
        { policy: { colour: 'blue' } },
        '/policy/colour',
        /There is no field "policy\/colour" here/,
      ],
      ['a bad interval', { policy: { interval: '15' } }, '/policy/interval', /must be a duration such as 15m/],
      ['a short interval', { policy: { interval: '10ms' } }, '/policy/interval', /interval must be at least 1s/],
      ['a bad mode', { policy: { mode: 'sometimes' } }, '/policy/mode', /must be one of periodic, manual, off/],
      ['keeping nothing', { policy: { keep: 0 } }, '/policy/keep', /keep must not be less than 1/],
      ['keeping everything', { policy: { keep: 101 } }, '/policy/keep', /keep must not be greater than 100/],
      ['labels that are none', { labels: 'x' }, '/labels', /labels must be an object of texts/],
    ])('%s', async (_, changes, pointer, message) => {
      const { body } = await post({ name: name(), ...changes }).expect(400);
      expect(body.code).toBe('validation-failed');
      expect(body.errors).toContainEqual({ pointer, code: expect.any(String), detail: expect.stringMatching(message) });
    });

    it('a storage for scratch data only', async () => {
      const ebs = await storage({ kind: 'ebs', settings: { sizeBytes: 1024 ** 3 } });
      const { body } = await post({ name: name(), storageId: ebs }).expect(400);
      expect(body.errors).toEqual([
        {
          pointer: '/storageId',
          code: 'wrong-purpose',
          detail: expect.stringMatching(/of kind ebs, which holds scratch data only, not checkpoints/),
        },
      ]);
    });
  });

  it.each([
    ['efs', { fileSystemId: 'fs-0123456789abcdef0' }, ['nfs4']],
    ['juicefs', { metadataUrl: 'rediss://:secret@cache:6379/1', bucket: 'example' }, ['fuse.juicefs']],
    [
      'fsx-lustre',
      { fileSystemId: 'fs-0123456789abcdef0', mountName: 'fsx', dnsName: 'lustre.example.internal' },
      ['lustre'],
    ],
  ])('keep checkpoints on a storage of kind %s', async (kind, settings, fileSystemTypes) => {
    const id = await storage({ kind, settings });
    await post({ name: name(), storageId: id }).expect(201);
    expect(await server.app.get(StorageService).forAgent(id)).toMatchObject({ id, kind, fileSystemTypes });
  });

  describe('are changed', () => {
    it('by merge patch: absent keeps, null inherits', async () => {
      const { id } = await create({ policy: { interval: '5m', keep: 5 }, labels: { a: '1', b: '2' } });
      const patch = { policy: { interval: null, mode: 'manual' }, labels: { a: null }, instanceTypes: ['m6a'] };
      const { body } = await server.api('patch', `/compute-environments/${id}`).send(patch).expect(200);
      expect(body).toMatchObject({
        version: 2,
        storageId,
        policy: { keep: 5, mode: 'manual' },
        labels: { b: '2' },
        instanceTypes: ['m6a'],
      });
      expect(body.effectivePolicy).toEqual({ ...DEFAULT_POLICY, keep: 5, mode: 'manual' });
      const cleared = await server
        .api('patch', `/compute-environments/${id}`)
        .send({ policy: null, storageId: null })
        .expect(200);
      expect(cleared.body).toMatchObject({ policy: {}, storageId: null, effectivePolicy: DEFAULT_POLICY });
    });

    it('only as they were when read, with If-Match; not by a dry run', async () => {
      const { id } = await create();
      await server.api('patch', `/compute-environments/${id}?dryRun=true`).send({ storageId: null }).expect(200);
      await server
        .api('patch', `/compute-environments/${id}`)
        .set('if-match', '"1"')
        .send({ storageId: null })
        .expect(200);
      await server.api('patch', `/compute-environments/${id}`).set('if-match', '"1"').send({ storageId }).expect(412);
      await server.api('delete', `/compute-environments/${id}`).set('if-match', '"1"').expect(412);
      await server.api('get', `/compute-environments/${id}`).set('if-none-match', '"2"').expect(304);
    });

    it('but never renamed, as in AWS Batch', async () => {
      const { id } = await create();
      const { body } = await server.api('patch', `/compute-environments/${id}`).send({ name: 'other' }).expect(400);
      expect(body.errors).toEqual([{ pointer: '/name', code: 'unknown', detail: 'There is no field "name" here.' }]);
    });
  });

  describe('are unregistered', () => {
    it('and then are gone; their hosts stay', async () => {
      const { id } = await create();
      const host = await rows.host(id);
      await server.api('delete', `/compute-environments/${id}?dryRun=true`).expect(204);
      await server.api('delete', `/compute-environments/${id}`).expect(204);
      for (const path of ['', '/findings']) {
        const { body } = await server.api('get', `/compute-environments/${id}${path}`).expect(404);
        expect(body).toMatchObject({ code: 'not-found', detail: `There is no compute environment ${id}.` });
      }
      await server.api('patch', `/compute-environments/${id}`).send({}).expect(404);
      await server.api('delete', `/compute-environments/${id}`).expect(404);
      const [row] = await server.app
        .get(Database)
        .manager.query('select compute_environment_id from hosts where id = $1', [host]);
      expect(row).toEqual({ compute_environment_id: null });
    });

    it('not while jobs run there, unless forced', async () => {
      const environment = await create();
      const host = await rows.host(environment.id);
      await rows.job({ job_id: 'batch-job-on-its-host', host_id: host });
      await rows.job({ job_id: 'batch-job-by-its-name', compute_environment: environment.name });
      await rows.job({ job_id: 'batch-job-that-ended', host_id: host, status: 'SUCCEEDED' });
      const { body } = await server.api('delete', `/compute-environments/${environment.id}`).expect(409);
      expect(body).toMatchObject({
        code: 'in-use',
        detail: `Jobs are running in ${environment.name} and would lose their protection: batch-job-by-its-name and batch-job-on-its-host. Wait for them, or repeat with ?force=true.`,
      });
      await server.api('delete', `/compute-environments/${environment.id}?force=perhaps`).expect(400);
      await server.api('delete', `/compute-environments/${environment.id}?force=true`).expect(204);
    });
  });

  it('are not unregistered while a reclaimed job waits there to continue from its image', async () => {
    const environment = await create();
    const host = await rows.host(environment.id);
    const waiting = { status: 'RUNNABLE', compute_environment: environment.name };
    await rows.job({ job_id: 'batch-job-not-begun', ...waiting });
    await server.api('delete', `/compute-environments/${environment.id}?dryRun=true`).expect(204);
    const job = await rows.job({ job_id: 'batch-job-between-two-hosts', ...waiting });
    const image = {
      status: 'committed',
      image: {},
      sequence: 1,
      total_bytes: 1,
      host_facts: {},
      finished_at: new Date(),
    };
    await rows.checkpoint(storageId, job, host, image);
    const { body } = await server.api('delete', `/compute-environments/${environment.id}`).expect(409);
    expect(body.detail).toContain('protection: batch-job-between-two-hosts. Wait');
  });

  it('are listed by name and storage, in order', async () => {
    const own = await storage({ kind: 'local', mountPath: '/data/own' });
    const created = [await create({ storageId: own }), await create({ storageId: own })];
    const { body } = await server.api('get', `/compute-environments?storageId=${own}&sort=name`).expect(200);
    expect((body.items as { id: string }[]).map((each) => each.id)).toEqual(created.map((each) => each.id));
    expect(
      (await server.api('get', `/compute-environments?name=${created[1]!.name}`).expect(200)).body.items,
    ).toHaveLength(1);
    await server.api('get', '/compute-environments?storageId=mine').expect(400);
  });
});
