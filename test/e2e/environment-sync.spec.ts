import { EnvironmentSyncService } from '../../src/server/compute-environments/environment-sync.service.js';
import { Database } from '../../src/server/database/database.js';
import { OperationsService } from '../../src/server/operations/operations.service.js';
import { AwsFixtures } from '../support/aws-fixtures.js';
import { type Moto, startMoto } from '../support/moto.js';
import { RecordedLog } from '../support/recorded-log.js';
import { describeNeeding } from '../support/requires.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describeNeeding(['moto'], 'Compute environments are kept in step with AWS', () => {
  let moto: Moto;
  let aws: AwsFixtures;
  let server: TestApp;
  let log: RecordedLog;
  beforeAll(async () => {
    moto = await startMoto();
    aws = new AwsFixtures();
    server = await startTestApp();
    log = RecordedLog.start();
  });
  afterAll(async () => {
    await server.close();
    aws.close();
    await moto.close();
  });

  const post = (body: object) => server.api('post', '/compute-environments').send(body);
  const read = async (id: string) => (await server.api('get', `/compute-environments/${id}`).expect(200)).body;
  const linesAbout = (name: string, level: string) =>
    log.lines.filter((line) => line['name'] === name && line.level === level);
  async function linked(): Promise<{ id: string; name: string }> {
    const { name } = await aws.createComputeEnvironment();
    return (await post({ name, region: 'us-east-1' }).expect(201)).body;
  }
  /** Asks for a look at AWS and waits for its outcome. */
  async function sync(id: string) {
    const { body } = await server
      .api('post', `/compute-environments/${id}/sync`, await server.token('operator'))
      .expect(202);
    expect(body).toMatchObject({ type: 'sync-environment', resource: { type: 'compute-environment', id } });
    return (await server.api('get', `/operations/${body.id}?wait=20s`).expect(200)).body;
  }

  it('when asked: the operation names what changed', async () => {
    const { id, name } = await linked();
    await aws.setComputeEnvironmentState(name, 'DISABLED');
    await aws.createJobQueue([name]);
    expect(await sync(id)).toMatchObject({ status: 'succeeded', result: { changed: ['state', 'jobQueues'] } });
    expect(linesAbout(name, 'log')).toEqual([
      expect.objectContaining({ changed: ['state', 'jobQueues'], msg: expect.stringContaining('has changed') }),
    ]);
    const changed = await read(id);
    expect(changed).toMatchObject({ version: 2, aws: { state: 'DISABLED', jobQueues: [{ state: 'ENABLED' }] } });

    expect(await sync(id)).toMatchObject({ status: 'succeeded', result: { changed: [] } });
    const again = await read(id);
    expect(again.version).toBe(2);
    expect(Date.parse(again.syncedAt)).toBeGreaterThanOrEqual(Date.parse(changed.syncedAt));
  });

  it('and keep what was known, and since when, while AWS cannot be read', async () => {
    const { id, name } = await linked();
    const before = await read(id);
    await aws.deleteComputeEnvironment(name);
    const failure = `AWS Batch has no compute environment ${before.arn} in us-east-1 of account 123456789012. Check the name and the region; for another account give roleArn.`;
    expect(await sync(id)).toMatchObject({ status: 'failed', failure: { code: 'aws-failed', message: failure } });
    await sync(id);
    expect(linesAbout(name, 'warn')).toEqual([
      expect.objectContaining({ failure, msg: expect.stringContaining('cannot be read') }),
    ]);
    expect(await read(id)).toMatchObject({
      aws: before.aws,
      syncedAt: before.syncedAt,
      syncFailure: failure,
      version: 2,
    });

    await aws.createComputeEnvironment({ name });
    expect(await sync(id)).toMatchObject({ status: 'succeeded' });
    expect(await read(id)).toMatchObject({ syncFailure: null, version: 3 });
    expect(linesAbout(name, 'log').at(0)).toMatchObject({ msg: expect.stringContaining('is read from AWS again') });
  });

  it('one look at a time', async () => {
    const { id } = await linked();
    const operations = server.app.get(OperationsService);
    const open = await operations.open({
      type: 'sync-environment',
      resourceType: 'compute-environment',
      resourceId: id,
    });
    const { body } = await server.api('post', `/compute-environments/${id}/sync`).expect(409);
    expect(body).toMatchObject({ code: 'operation-in-progress', detail: expect.stringContaining(open) });
  });

  it('not what came of a look that others overtook', async () => {
    const { id } = await linked();
    const { manager } = server.app.get(Database);
    // As if its region was changed, or it was unregistered, while AWS was being asked.
    await manager.query('delete from compute_environments where id = $1', [id]);
    expect(await server.app.get(EnvironmentSyncService).sync(id)).toEqual({ status: 'superseded' });
  });

  it('not those that are known by name only', async () => {
    const { body: named } = await post({ name: 'by-name-only' }).expect(201);
    const { body } = await server.api('post', `/compute-environments/${named.id}/sync`).expect(409);
    expect(body).toMatchObject({ code: 'invalid-state', detail: expect.stringContaining('Set its region with PATCH') });
  });

  it('by themselves: every round plans one look each, spread over four minutes', async () => {
    const { id } = await linked();
    const { body: named } = await post({ name: 'never-looked-at' }).expect(201);
    const { manager } = server.app.get(Database);
    await manager.query(`select graphile_worker.add_job('plan-environment-syncs')`);
    const planned = async (): Promise<{ key: string; in_seconds: number }[]> =>
      manager.query(
        `select key, extract(epoch from run_at - created_at)::float as in_seconds from graphile_worker.jobs
          where key like 'sync-environment:%'`,
      );
    while (!(await planned()).some(({ key }) => key === `sync-environment:${id}`))
      await new Promise((resolve) => setTimeout(resolve, 50));
    const looks = await planned();
    expect(looks.map(({ key }) => key)).not.toContain(`sync-environment:${named.id}`);
    for (const { in_seconds } of looks) expect(in_seconds).toBeLessThan(241);
  });
});
