import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { FakeAgent } from '../support/fake-agent.js';
import { RunningJobs } from '../support/running-jobs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('Commands', () => {
  let server: TestApp;
  let jobs: RunningJobs;
  beforeAll(async () => {
    server = await startTestApp();
    jobs = await RunningJobs.on(server);
  });
  afterAll(() => server.close());

  const trigger = (job: string) => server.api('post', `/jobs/${job}/checkpoints`);

  it('outlive a restart of the server and are given to the newest session', async () => {
    const second = await startTestApp({ databaseUrl: server.databaseUrl });
    const { agent, job } = await jobs.start();
    const { body: operation } = await second.api('post', `/jobs/${job}/checkpoints`).expect(202);
    await second.close();
    const command = await jobs.takeCommand(agent);
    expect((await agent.poll()).body.items).toEqual([]);
    await agent.open();
    expect(await jobs.takeCommand(agent)).toEqual(command);
    expect(command.checkpointId).toBe(operation.resource.id);
  });

  it('wake a waiting poll, also through another replica', async () => {
    const { agent, job } = await jobs.start();
    const replica = await startTestApp({ databaseUrl: server.databaseUrl });
    agent.url = replica.url;
    const started = performance.now();
    const polling = agent.poll('20s');
    await sleep(300);
    await trigger(job).expect(202);
    expect((await polling).body.items).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(5000);
    await replica.close();
  });

  it('are only for their own host', async () => {
    const { agent, job } = await jobs.start();
    const stranger = await FakeAgent.start(server.url, jobs.joinToken);
    await trigger(job).expect(202);
    expect((await stranger.poll()).body.items).toEqual([]);
    const command = await jobs.takeCommand(agent);
    expect((await stranger.result(command.id, { status: 'succeeded', output: {} })).status).toBe(404);
  });

  it('are given again to the same session when there is no result for long: the answer may have been lost', async () => {
    const { agent, job } = await jobs.start();
    await trigger(job).expect(202);
    const command = await jobs.takeCommand(agent);
    expect((await agent.poll()).body.items).toEqual([]);
    await server.app
      .get(DataSource)
      .query(`update commands set delivered_at = now() - interval '31 seconds' where id = $1`, [command.id]);
    expect(await jobs.takeCommand(agent)).toEqual(command);
  });

  it('whose end is never reported fail their operation at the deadline', async () => {
    const { agent, job } = await jobs.start();
    const { body: operation } = await trigger(job).expect(202);
    const command = await jobs.takeCommand(agent);
    await agent.result(command.id, { status: 'succeeded', output: {} });
    const query = `select graphile_worker.add_job('command-deadline', json_build_object('commandId', $1::text), job_key := 'command-deadline:' || $1)`;
    await server.app.get(DataSource).query(query, [command.id]);
    const { body } = await server.api('get', `/operations/${operation.id}?wait=20s`).expect(200);
    expect(body).toMatchObject({ status: 'failed', failure: { code: 'expired' } });
    const checkpoint = await server.api('get', `/checkpoints/${command.checkpointId}`).expect(200);
    expect(checkpoint.body).toMatchObject({ status: 'failed', failure: { code: 'expired' } });
    await trigger(job).expect(202);
  });
});
