import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions, loadMigrations } from '../../src/server/database/data-source.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { startTestApp } from '../support/test-app.js';

/** As the release before wrote them. */
const BEFORE = [
  ['nfs', { server: 'files', exportPath: '/x', version: '4.1', mountOptions: [] }, {}],
  ['efs', { fileSystemId: 'fs-01234567', accessPointId: null, tls: true, iamAuthorization: false }, {}],
  ['fsx-lustre', { fileSystemId: 'fs-0123456789abcdef0', mountName: 'fsx', region: 'us-east-1' }, {}],
  [
    'juicefs',
    { bucket: 'example', cacheSizeBytes: 0 },
    { metadataUrl: 'rediss://worker:hunter2@cache.internal:6379/1' },
  ],
  ['ebs', { volumeType: 'gp3', sizeBytes: 1024 ** 3, iops: null, throughputMibPerSecond: null, encrypted: true }, {}],
  ['local', {}, {}],
] as const;

describe('Storages of the release before', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await createTestDatabase({ empty: true });
    const all = await loadMigrations();
    const index = all.findIndex(({ name }) => name.endsWith('1764100400000'));
    const options = { url: database.url, poolSize: 2 };
    const older = await new DataSource(dataSourceOptions(options, { migrations: all.slice(0, index) })).initialize();
    await older.runMigrations();
    for (const [kind, settings, secrets] of BEFORE) {
      const shown = kind === 'juicefs' ? { ...settings, metadataAddress: 'cache.internal:6379/1' } : settings;
      await older.query(
        `insert into storages (id, version, name, kind, mount_path, settings, secrets, public_settings)
         values ($1, 1, $2, $2, '/mnt/x', $3, $4, $5)`,
        [`stor_${kind}`, kind, settings, secrets, shown],
      );
    }
    await older.destroy();
    dataSource = await new DataSource(dataSourceOptions(options, { migrations: all })).initialize();
    await dataSource.runMigrations();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('are complete, can be changed, and give a mount script', async () => {
    const server = await startTestApp({ databaseUrl: database.url });
    try {
      for (const [kind, settings] of BEFORE) {
        const { body } = await server.api('get', `/storages/stor_${kind}`).expect(200);
        expect(body.settings).toMatchObject(settings);
        await server.api('get', `/storages/stor_${kind}/mount-script`).expect(200);
        // In its region AWS would be asked, and there is none here.
        if (kind !== 'fsx-lustre')
          await server.api('patch', `/storages/stor_${kind}`).send({ settings: {} }).expect(200);
      }
      const { body } = await server.api('get', '/storages/stor_juicefs').expect(200);
      expect(body.settings).toMatchObject({ metadataUser: 'worker', volumeName: 'batchpoint', region: null });
      const [row] = await dataSource.query(`select secrets::text as text from storages where id = 'stor_juicefs'`);
      expect(row.text).not.toContain('hunter2');
    } finally {
      await server.close();
    }
  });

  it('go back to what they were, but for secrets, which have to be given again', async () => {
    const rows = async (): Promise<{ kind: string; settings: object; secrets: object }[]> =>
      dataSource.query('select kind, settings, secrets from storages');
    const after = (await loadMigrations()).filter(({ name }) => Number(name.slice(-13)) >= 1764100400000);
    for (const _ of after) await dataSource.undoLastMigration();
    for (const { kind, settings, secrets } of await rows()) {
      expect([kind, settings]).toEqual([kind, BEFORE.find(([name]) => name === kind)![1]]);
      expect(secrets).toEqual({});
    }
  });
});
