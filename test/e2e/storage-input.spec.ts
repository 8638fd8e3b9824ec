import { randomUUID } from 'node:crypto';
import { SecretsService } from '../../src/server/secrets/secrets.service.js';
import { Database } from '../../src/server/database/database.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const GIB = 1024 ** 3;
const NFS = { server: 'files.example.internal', exportPath: '/exports/checkpoints' };
const ROLE = 'arn:aws:iam::123456789012:role/batchpoint';
const SECRET = 'hunter2-very-secret';
const JUICEFS = { metadataUrl: `rediss://:${SECRET}@cache.example.internal:6379/1`, bucket: 'example-checkpoints' };

/** What storages refuse, and what they keep to themselves. */
describe('Storages', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
  });
  afterAll(() => server.close());

  let serial = 0;
  const name = (): string => `storage-${(serial += 1)}`;
  const post = (body: object) => server.api('post', '/storages').send(body);

  describe('refuse', () => {
    const valid = () => ({ kind: 'nfs', name: name(), mountPath: '/mnt/batchpoint', settings: NFS });
    it.each<[string, object, string, RegExp]>([
      ['no kind', { kind: undefined }, '/kind', /kind is required/],
      ['an unknown kind', { kind: 'floppy' }, '/kind', /kind must be one of efs, juicefs, fsx-lustre, ebs, nfs, local/],
      ['no name', { name: undefined }, '/name', /name is required/],
      ['a bad name', { name: 'a b' }, '/name', /name must consist of letters, digits/],
      ['no mount path', { mountPath: undefined }, '/mountPath', /mountPath is required/],
      ['a relative mount path', { mountPath: 'mnt/x' }, '/mountPath', /must be an absolute path/],
      ['a system directory', { mountPath: '/etc/batchpoint' }, '/mountPath', /must not lie in a system directory/],
      ['a directory of many', { mountPath: '/mnt' }, '/mountPath', /must not be \/mnt itself; use a directory in it/],
      ['an unknown field', { size: 5 }, '/size', /There is no field "size" here/],
      ['settings of another type', { settings: 'server=x' }, '/settings', /settings must be an object/],
      [
        'an unknown setting',
        { settings: { ...NFS, colour: 'blue' } },
        '/settings/colour',
        /There is no field "colour" here/,
      ],
      ['a missing setting', { settings: { server: 'x' } }, '/settings/exportPath', /exportPath is required/],
      [
        'a wrong setting',
        { settings: { ...NFS, mountOptions: ['soft'] } },
        '/settings/mountOptions',
        /may not contain soft/,
      ],
      ['settings of another kind', { kind: 'efs' }, '/settings/server', /There is no field "server" here/],
      [
        'a role that is none',
        { roleArn: 'batchpoint' },
        '/roleArn',
        /must be the ARN of an IAM role such as arn:aws:iam::123456789012:role\/batchpoint|longer than or equal to 20/,
      ],
      [
        'an external id that is none',
        { roleArn: ROLE, externalId: 'a b' },
        '/externalId',
        /externalId must consist of letters, digits/,
      ],
      [
        'a role where AWS is not asked',
        { kind: 'efs', settings: { fileSystemId: 'fs-0123456789abcdef0' }, roleArn: ROLE },
        '/roleArn',
        /of use only with settings\.region/,
      ],
      ['a role for what AWS knows nothing of', { roleArn: ROLE }, '/roleArn', /of no use to a storage of kind nfs/],
      ['an external id alone', { externalId: 'ours' }, '/externalId', /of no use to a storage of kind nfs/],
      ['settings for local', { kind: 'local' }, '/settings/server', /There is no field "server" here/],
      ['labels that are none', { labels: ['a'] }, '/labels', /labels must be an object of texts/],
      [
        'a label that is no text',
        { labels: { team: 5 } },
        '/labels',
        /labels\.team must be a text of at most 256 characters/,
      ],
      [
        'a label name that is none',
        { labels: { '-': 'x' } },
        '/labels',
        /labels has a name that is not 1 to 63 letters/,
      ],
    ])('%s', async (_, changes, pointer, message) => {
      const { body } = await post({ ...valid(), ...changes }).expect(400);
      expect(body.code).toBe('validation-failed');
      expect(body.errors).toContainEqual({ pointer, code: expect.any(String), detail: expect.stringMatching(message) });
    });
  });

  describe('keep the metadata URL of JuiceFS to themselves', () => {
    it('in every answer, problems included, and in the idempotency record', async () => {
      const created = await server
        .api('post', '/storages')
        .set('idempotency-key', randomUUID())
        .send({ kind: 'juicefs', name: name(), mountPath: '/mnt/jfs', settings: JUICEFS })
        .expect(201);
      const { id } = created.body as { id: string };
      expect(created.body.settings).toEqual({
        bucket: 'example-checkpoints',
        volumeName: 'batchpoint',
        cacheSizeBytes: 100 * GIB,
        passwordSecretArn: null,
        clientVersion: null,
        clientSha256X86: null,
        clientSha256Arm: null,
        region: null,
        compatibilityLink: false,
        metadataAddress: 'cache.example.internal:6379/1',
        metadataUser: null,
      });
      const answers = [
        created,
        await server.api('get', `/storages/${id}`).expect(200),
        await server.api('get', '/storages').expect(200),
        await server
          .api('patch', `/storages/${id}`)
          .send({ settings: { cacheSizeBytes: 0 } })
          .expect(200),
        await server
          .api('patch', `/storages/${id}`)
          .send({ settings: { metadataUrl: `mysql://${SECRET}` } })
          .expect(400),
        await post({ kind: 'juicefs', name: created.body.name, mountPath: '/mnt/jfs', settings: JUICEFS }).expect(409),
      ];
      for (const { text, headers } of answers) expect(text + JSON.stringify(headers)).not.toContain(SECRET);
      const stored: { row: unknown }[] = await server.app
        .get(Database)
        .manager.query('select to_jsonb(k) as row from idempotency_keys k');
      expect(JSON.stringify(stored)).not.toContain(SECRET);
    });

    it('and keep it when other settings change, and take a new one', async () => {
      const { id } = (
        await post({ kind: 'juicefs', name: name(), mountPath: '/mnt/jfs', settings: JUICEFS }).expect(201)
      ).body as { id: string };
      const secret = async (): Promise<unknown> => {
        const [row] = await server.app
          .get(Database)
          .manager.query('select secrets, to_jsonb(s)::text as text from storages s where id = $1', [id]);
        expect(row.text).not.toMatch(/hunter2|new-password/);
        return server.app.get(SecretsService).open(row.secrets, id);
      };
      const changed = await server
        .api('patch', `/storages/${id}`)
        .send({ settings: { bucket: 'other-bucket' } })
        .expect(200);
      expect(changed.body.settings).toMatchObject({
        bucket: 'other-bucket',
        metadataAddress: 'cache.example.internal:6379/1',
      });
      expect(await secret()).toEqual({ metadataUrl: JUICEFS.metadataUrl });
      await server.api('patch', `/storages/${id}`).send({ name: name() }).expect(200);
      expect(await secret()).toEqual({ metadataUrl: JUICEFS.metadataUrl });
      const moved = { metadataUrl: 'rediss://:new-password@other.example.internal/2' };
      const after = await server.api('patch', `/storages/${id}`).send({ settings: moved }).expect(200);
      expect(after.body.settings.metadataAddress).toBe('other.example.internal/2');
      expect(await secret()).toEqual(moved);
      const gone = await server
        .api('patch', `/storages/${id}`)
        .send({ settings: { metadataUrl: null } })
        .expect(400);
      expect(gone.body.errors).toEqual([
        { pointer: '/settings/metadataUrl', code: 'required', detail: 'metadataUrl is required.' },
      ]);
    });
  });
});
