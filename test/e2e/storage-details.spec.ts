import { Database } from '../../src/server/database/database.js';
import { HostsAndJobs } from '../support/hosts-and-jobs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const GIB = 1024 ** 3;
const NFS = { server: 'files.example.internal', exportPath: '/exports/checkpoints' };
const FSX = { fileSystemId: 'fs-0123456789abcdef0', mountName: 'fsx', dnsName: 'lustre.example.internal' };
const SECRET = 'hunter2-very-secret';
const JUICEFS = { metadataUrl: `rediss://:${SECRET}@cache.example.internal:6379/1`, bucket: 'example-checkpoints' };

/** What hosts and operators ask of one storage. */
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

  describe('give a mount script', () => {
    it('as text, for kinds that are mounted', async () => {
      const { id, name: storageName } = await create();
      const { text, headers } = await server
        .api('get', `/storages/${id}/mount-script`, await server.token('viewer'))
        .expect(200);
      expect(headers['content-type']).toBe('text/x-shellscript; charset=utf-8');
      expect(text).toMatch(/^#!\/bin\/sh\n/);
      expect(text).toContain(`# Storage ${storageName} (${id})`);
      expect(text).toContain("source='files.example.internal:/exports/checkpoints'");
    });

    it.each([
      ['efs', { fileSystemId: 'fs-0123456789abcdef0' }, "source='fs-0123456789abcdef0:/'"],
      ['juicefs', JUICEFS, "meta='rediss://cache.example.internal:6379/1'"],
      ['fsx-lustre', FSX, "source='lustre.example.internal@tcp:/fsx'"],
      ['ebs', { sizeBytes: GIB }, "wanted=${1:-'/dev/sdf'}"],
    ])('for %s, without any secret', async (kind, settings, line) => {
      const { id } = await create({ kind, settings });
      const { text } = await server
        .api('get', `/storages/${id}/mount-script`, await server.token('viewer'))
        .expect(200);
      expect(text).toContain(line);
      expect(text).not.toContain(SECRET);
    });

    it('and are not verified where each host has its own', async () => {
      const { id } = await create({ kind: 'ebs', settings: { sizeBytes: GIB } });
      const { body } = await server.api('post', `/storages/${id}/verifications`).expect(409);
      expect(body).toMatchObject({
        code: 'invalid-state',
        detail: expect.stringContaining('nothing shared to verify'),
      });
    });
  });

  describe('say what they need of AWS', () => {
    const needs = async (kind: string, settings: object) => {
      const { id } = await create({ kind, settings });
      const { body } = await server
        .api('get', `/storages/${id}/requirements`, await server.token('viewer'))
        .expect(200);
      expect(body.storageId).toBe(id);
      return body;
    };

    it('nothing, for a directory', async () => {
      expect(await needs('local', {})).toMatchObject({ iam: { server: [], host: [] }, cloudFormation: [], ports: [] });
    });

    it('the objects of one bucket and no other', async () => {
      const { iam, cloudFormation } = await needs('juicefs', JUICEFS);
      expect(iam.host.flatMap((statement: { resources: string[] }) => statement.resources)).toEqual([
        'arn:aws:s3:::example-checkpoints',
        'arn:aws:s3:::example-checkpoints/*',
      ]);
      expect(cloudFormation).toContain('AWS::S3::Bucket');
    });

    it('404 for a storage that is not there', async () => {
      const { id } = await create();
      await server.api('delete', `/storages/${id}`).expect(204);
      await server.api('get', `/storages/${id}/requirements`).expect(404);
      await server.api('get', `/storages/${id}/findings`).expect(404);
    });
  });

  describe('have findings', () => {
    const findings = async (id: string) =>
      (await server.api('get', `/storages/${id}/findings`, await server.token('viewer')).expect(200)).body;

    it('none before a host uses them, where AWS is not asked', async () => {
      const { id } = await create();
      expect(await findings(id)).toEqual({ storageId: id, evaluatedAt: expect.any(String), items: [] });
    });

    it("of what hosts see: each other's files, or a disk of their own", async () => {
      const { id } = await create({ kind: 'local', settings: {}, mountPath: '/data/checkpoints' });
      const environment = await server
        .api('post', '/compute-environments')
        .send({ name: `findings-${(serial += 1)}`, storageId: id })
        .expect(201);
      const health = { storageId: id, ready: true, reason: null, freeBytes: 1, totalBytes: 2 };
      const fileSystem = { type: 'xfs', source: '/dev/nvme0n1p1' };
      const a = await rows.host(environment.body.id, { hostName: 'a' }, { storage_health: { ...health, fileSystem } });
      const b = await rows.host(environment.body.id, { hostName: 'b' }, { storage_health: health });
      expect((await findings(id)).items.map((item: { code: string }) => item.code)).toEqual([
        'storage-on-instance-disk',
        'storage-sharing-unproven',
      ]);
      await server.app
        .get(Database)
        .manager.query('update hosts set storage_health = $1 where id = $2', [{ ...health, seesHosts: [a] }, b]);
      expect((await findings(id)).items).toEqual([]);
    });
  });
});
