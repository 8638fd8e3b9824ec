import type { CommandResult } from '../../src/protocol/agent-api.js';
import { CommandsService } from '../../src/server/commands/commands.service.js';
import { Database } from '../../src/server/database/database.js';
import { HostsAndJobs } from '../support/hosts-and-jobs.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('Storage verifications', () => {
  let server: TestApp;
  let rows: HostsAndJobs;
  beforeAll(async () => {
    server = await startTestApp();
    rows = new HostsAndJobs(server);
  });
  afterAll(() => server.close());

  let serial = 0;
  /** A storage with an environment, and hosts of these names online there. */
  async function situation(...hostNames: string[]) {
    const name = `verified-${(serial += 1)}`;
    const storage = await server
      .api('post', '/storages')
      .send({ kind: 'local', name, mountPath: '/data/checkpoints' })
      .expect(201);
    const storageId = storage.body.id as string;
    const environment = await server.api('post', '/compute-environments').send({ name, storageId }).expect(201);
    const environmentId = environment.body.id as string;
    const hosts: string[] = [];
    for (const hostName of hostNames) hosts.push(await rows.host(environmentId, { hostName }));
    return { storageId, environmentId, hosts };
  }

  interface CommandRow {
    id: string;
    host_id: string;
    type: string;
    payload: { nonce: string; storageId: string };
  }
  const commandsOf = async (operationId: string): Promise<CommandRow[]> =>
    server.app
      .get(Database)
      .manager.query(
        `select id, host_id, type, payload from commands where payload->>'nonce' = $1 and status = 'pending' order by id`,
        [operationId],
      );
  /** Answers a host's open command as its agent would. */
  async function answer(operationId: string, hostId: string, result: CommandResult): Promise<void> {
    const command = (await commandsOf(operationId)).find((row) => row.host_id === hostId)!;
    await server.app.get(CommandsService).complete(hostId, command.id, result);
  }
  const saw = (...canariesSeen: string[]): CommandResult => ({
    status: 'succeeded',
    output: { canariesSeen, seconds: 0.01 },
  });
  const start = async (storageId: string): Promise<string> =>
    (await server.api('post', `/storages/${storageId}/verifications`, await server.token('operator')).expect(202)).body
      .id;
  const operation = async (id: string) => (await server.api('get', `/operations/${id}`).expect(200)).body;
  const storageNow = async (id: string) => (await server.api('get', `/storages/${id}`).expect(200)).body;

  it('are accepted with an operation, and ask every host that is online', async () => {
    const { storageId, environmentId, hosts } = await situation('a', 'b');
    await rows.host(environmentId, { hostName: 'c' }, { status: 'offline' });
    await rows.host(null, { hostName: 'elsewhere' });
    const { body, headers } = await server.api('post', `/storages/${storageId}/verifications`).expect(202);
    expect(body).toMatchObject({
      type: 'verify-storage',
      status: 'pending',
      resource: { type: 'storage', id: storageId, href: `/api/v1/storages/${storageId}` },
    });
    expect(headers.location).toBe(`/api/v1/operations/${body.id}`);
    expect(headers['retry-after']).toBeDefined();
    const commands = await commandsOf(body.id);
    expect(commands.map((command) => command.host_id).sort()).toEqual([...hosts].sort());
    for (const { type, payload } of commands)
      expect([type, payload.storageId, payload.nonce]).toEqual(['verify-storage', storageId, body.id]);
  });

  it('prove sharing in two rounds: what was read before all had written does not count', async () => {
    const { storageId, hosts } = await situation('a', 'b');
    const [a, b] = hosts as [string, string];
    const id = await start(storageId);
    // In the first round a is done before b has written.
    await answer(id, a, saw(a));
    expect(await operation(id)).toMatchObject({ status: 'running' });
    expect(await commandsOf(id)).toHaveLength(1);
    await answer(id, b, saw(a, b));
    expect((await commandsOf(id)).map((command) => command.host_id).sort()).toEqual([a, b].sort());
    await answer(id, b, saw(a, b));
    await answer(id, a, saw(a, b));
    expect(await operation(id)).toMatchObject({
      status: 'succeeded',
      result: { verdict: 'shared', message: 'All 2 hosts read what each of the others wrote.' },
    });
    const storage = await storageNow(storageId);
    expect(storage.status).toMatchObject({ state: 'shared', checkedAt: storage.lastVerification.finishedAt });
    expect(storage.lastVerification).toMatchObject({
      operationId: id,
      verdict: 'shared',
      hosts: [
        { hostId: a, hostName: 'a', sees: [a, b], failure: null },
        { hostId: b, hostName: 'b', sees: [a, b], failure: null },
      ],
    });
  });

  it('answer `?wait` on the operation as soon as they are over', async () => {
    const { storageId, hosts } = await situation('a');
    const id = await start(storageId);
    const waiting = server
      .api('get', `/operations/${id}?wait=20s`)
      .expect(200)
      .then((answer) => answer);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const began = performance.now();
    await answer(id, hosts[0]!, saw(hosts[0]!));
    expect((await waiting).body.status).toBe('succeeded');
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('of one host prove reading back and say that this is all', async () => {
    const { storageId, hosts } = await situation('alone');
    const id = await start(storageId);
    await answer(id, hosts[0]!, saw(hosts[0]!));
    expect(await operation(id)).toMatchObject({ status: 'succeeded', result: { verdict: 'read-back' } });
    expect((await storageNow(storageId)).status).toMatchObject({
      state: 'read-back',
      message: expect.stringContaining('is not proven'),
    });
  });

  it('fail when hosts do not see each other: a local directory is not shared', async () => {
    const { storageId, environmentId, hosts } = await situation('a', 'b');
    const [a, b] = hosts as [string, string];
    const id = await start(storageId);
    for (const _ of [1, 2]) for (const host of [a, b]) await answer(id, host, saw(host));
    const { status, failure } = await operation(id);
    expect(status).toBe('failed');
    expect(failure).toMatchObject({
      code: 'storage-not-shared',
      message: expect.stringContaining('a does not see what b writes; b does not see what a writes'),
    });
    expect((await storageNow(storageId)).status.state).toBe('not-shared');
    const findings = await server.api('get', `/compute-environments/${environmentId}/findings`).expect(200);
    expect(findings.body.items[0]).toMatchObject({ severity: 'error', code: 'storage-not-shared' });
  });

  it('fail with the reason of a host that cannot use the storage, and still show what the others see', async () => {
    const { storageId, hosts } = await situation('a', 'b', 'c');
    const [a, b, c] = hosts as [string, string, string];
    const id = await start(storageId);
    const failure = {
      code: 'storage-not-mounted' as const,
      message: 'nothing is mounted at /data/checkpoints',
      remedy: 'run the mount script',
    };
    await answer(id, b, { status: 'failed', failure });
    for (const host of [a, c]) await answer(id, host, saw(host));
    for (const host of [a, c]) await answer(id, host, saw(a, c));
    expect(await operation(id)).toMatchObject({
      status: 'failed',
      failure: {
        code: 'storage-not-mounted',
        message: '1 of 3 hosts could not use the storage (b: nothing is mounted at /data/checkpoints).',
        remedy: 'run the mount script',
      },
    });
    const { lastVerification } = await storageNow(storageId);
    expect(lastVerification).toMatchObject({
      verdict: 'failed',
      hosts: [{ sees: [a, c] }, { sees: [], failure: { code: 'storage-not-mounted' } }, { sees: [a, c] }],
    });
  });

  it('settle when answers come at the same moment', async () => {
    const { storageId, hosts } = await situation('a', 'b', 'c', 'd');
    const id = await start(storageId);
    for (const _ of [1, 2]) await Promise.all(hosts.map((host) => answer(id, host, saw(...hosts))));
    expect(await operation(id)).toMatchObject({ status: 'succeeded', result: { verdict: 'shared' } });
  });

  it('go one at a time', async () => {
    const { storageId, hosts } = await situation('a');
    const id = await start(storageId);
    const { body } = await server.api('post', `/storages/${storageId}/verifications`).expect(409);
    expect(body).toMatchObject({ code: 'operation-in-progress', detail: expect.stringContaining(id) });
    await answer(id, hosts[0]!, saw(hosts[0]!));
    await start(storageId);
  });

  it('need a host', async () => {
    const { storageId } = await situation();
    const { body } = await server.api('post', `/storages/${storageId}/verifications`).expect(409);
    expect(body).toMatchObject({
      code: 'no-hosts-online',
      detail: expect.stringContaining('enrol hosts there, then verify'),
    });
  });

  it('are void when the storage changes meanwhile, and a late answer changes nothing', async () => {
    const { storageId, hosts } = await situation('a');
    const id = await start(storageId);
    await server
      .api('patch', `/storages/${storageId}`)
      .send({ labels: { harmless: 'yes' } })
      .expect(200);
    expect(await operation(id)).toMatchObject({ status: 'pending' });
    await server.api('patch', `/storages/${storageId}`).send({ mountPath: '/data/elsewhere' }).expect(200);
    expect(await operation(id)).toMatchObject({
      status: 'failed',
      failure: { code: 'cancelled', message: expect.stringContaining('was changed while it was being verified') },
    });
    await answer(id, hosts[0]!, saw(hosts[0]!));
    expect((await storageNow(storageId)).status.state).toBe('unverified');
  });

  it('do not outlive the configuration they were made with', async () => {
    const { storageId, hosts } = await situation('a');
    const id = await start(storageId);
    await answer(id, hosts[0]!, saw(hosts[0]!));
    await server
      .api('patch', `/storages/${storageId}`)
      .send({ name: `renamed-${serial}` })
      .expect(200);
    expect((await storageNow(storageId)).status.state).toBe('read-back');
    await server.api('patch', `/storages/${storageId}`).send({ mountPath: '/data/elsewhere' }).expect(200);
    expect(await storageNow(storageId)).toMatchObject({ status: { state: 'unverified' }, lastVerification: null });
  });

  it('are for operators, not for viewers', async () => {
    const { storageId } = await situation('a');
    await server.api('post', `/storages/${storageId}/verifications`, await server.token('viewer')).expect(403);
  });
});
