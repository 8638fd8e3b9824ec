import { Database } from '../../src/server/database/database.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { startTestApp, type TestApp, TEST_SECRET_KEY } from '../support/test-app.js';

const SECRET = 'hunter2-very-secret';
const JUICEFS = { metadataUrl: `rediss://:${SECRET}@cache.example.internal:6379/1`, bucket: 'example-checkpoints' };
const OTHER_KEY = Buffer.alloc(32, 'other').toString('base64');

/** One database, and servers with this key and that one after the other. */
describe('Secrets of storages', () => {
  let database: TestDatabase;
  let server: TestApp | undefined;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  const start = async (secretKey: string | null): Promise<TestApp> => {
    await server?.close();
    return (server = await startTestApp({ databaseUrl: database.url, secretKey }));
  };
  let serial = 0;
  const create = (settings: object = JUICEFS) =>
    server!
      .api('post', '/storages')
      .send({ kind: 'juicefs', name: `secret-${(serial += 1)}`, mountPath: '/mnt/jfs', settings });
  const stored = async (id: string): Promise<{ key?: string; metadataUrl?: string }> =>
    (await server!.app.get(Database).manager.query('select secrets from storages where id = $1', [id]))[0].secrets;
  /** Changes another setting, for which the secret must be read. */
  const change = (id: string, settings: object = { cacheSizeBytes: 0 }) =>
    server!.api('patch', `/storages/${id}`).send({ settings });

  it('are not kept without a key, and say what to do; all else works', async () => {
    await start(null);
    const { body } = await create().expect(409);
    expect(body).toMatchObject({ code: 'secret-key-missing' });
    expect(body.detail).toContain('BATCHPOINT_SECRET_KEY_FILE');
    expect(JSON.stringify(body)).not.toContain(SECRET);
    await server!
      .api('post', '/storages')
      .send({ kind: 'local', name: `secret-${(serial += 1)}`, mountPath: '/data' })
      .expect(201);
  });

  it('survive the server, read with the same key', async () => {
    await start(TEST_SECRET_KEY);
    const { id } = (await create().expect(201)).body;
    expect(JSON.stringify(await stored(id))).not.toContain(SECRET);
    await start(TEST_SECRET_KEY);
    await change(id).expect(200);
  });

  it('are not read with another key, which is told by its id; a new secret may be given', async () => {
    await start(TEST_SECRET_KEY);
    const { id } = (await create().expect(201)).body;
    const { key } = await stored(id);
    await start(OTHER_KEY);
    const { body } = await change(id).expect(409);
    expect(body).toMatchObject({ code: 'secret-key-wrong', detail: expect.stringContaining(`with key ${key}`) });
    expect((await stored(id)).key).toBe(key);
    await change(id, { metadataUrl: JUICEFS.metadataUrl }).expect(200);
    await change(id).expect(200);
    expect((await stored(id)).key).not.toBe(key);
  });

  it('nor without any key', async () => {
    await start(TEST_SECRET_KEY);
    const { id } = (await create().expect(201)).body;
    await start(null);
    expect((await change(id).expect(409)).body.code).toBe('secret-key-missing');
    await server!.api('get', `/storages/${id}`).expect(200);
  });

  it('are encrypted anew with a new key, while the old one still stands in the file', async () => {
    await start(TEST_SECRET_KEY);
    const { id } = (await create().expect(201)).body;
    const before = await stored(id);
    await start(`${OTHER_KEY}\n${TEST_SECRET_KEY}\n`);
    expect((await stored(id)).key).not.toBe(before.key);
    await start(OTHER_KEY);
    await change(id).expect(200);
  });

  it('that a release before wrote in the clear are encrypted at the first start with a key', async () => {
    await start(TEST_SECRET_KEY);
    const { id, version } = (await create().expect(201)).body;
    await server!.app
      .get(Database)
      .manager.query('update storages set secrets = $1 where id = $2', [{ metadataUrl: JUICEFS.metadataUrl }, id]);
    await start(null);
    expect(await stored(id)).toEqual({ metadataUrl: JUICEFS.metadataUrl });
    await start(TEST_SECRET_KEY);
    expect(JSON.stringify(await stored(id))).not.toContain(SECRET);
    expect((await server!.api('get', `/storages/${id}`).expect(200)).body.version).toBe(version);
    await change(id).expect(200);
  });

  it('cannot be moved to another storage, nor changed, in the database', async () => {
    await start(TEST_SECRET_KEY);
    const [one, other] = [(await create().expect(201)).body.id, (await create().expect(201)).body.id];
    await server!.app
      .get(Database)
      .manager.query('update storages set secrets = (select secrets from storages where id = $1) where id = $2', [
        one,
        other,
      ]);
    expect((await change(other).expect(409)).body).toMatchObject({
      code: 'secret-key-wrong',
      detail: expect.stringContaining('it was changed in the database'),
    });
  });
});
