import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '../../src/protocol/ids.js';
import { FakeAgentServer } from '../fakes/fake-agent-server.js';
import { sharedStorage, until } from '../support/protected-host.js';
import { describeNeeding } from '../support/requires.js';
import { TestAgent } from '../support/test-agent.js';
import { TestHost } from '../support/test-host.js';

/** About 150 MB of memory, so that a checkpoint lasts long enough to be interrupted, and a count to see it run on. */
const HEAVY =
  'x=$(head -c 150000000 /dev/zero | tr "\\0" a); i=0; while true; do i=$((i+1)); echo $i > /counter; sleep 0.05; done';

/** Docker's socket as the agent sees it; cut and restored without Docker being touched. */
class DockerDoor {
  private readonly open = new Set<Socket>();
  private server: Server | null = null;

  constructor(
    private readonly path: string,
    private readonly dockerSocket: string,
  ) {}

  async unlock(): Promise<void> {
    const server = (this.server = createServer((client) => {
      const docker = connect(this.dockerSocket);
      for (const [from, to] of [
        [client, docker],
        [docker, client],
      ] as const) {
        this.open.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => (this.open.delete(from), to.destroy()));
      }
    }));
    await new Promise<void>((resolve) => server.listen(this.path, resolve));
  }

  async lock(): Promise<void> {
    const { server } = this;
    this.server = null;
    for (const socket of this.open) socket.destroy();
    if (server !== null) await new Promise((resolve) => server.close(resolve));
  }
}

describeNeeding(['root', 'linux', 'docker', 'criu'], 'an agent that is killed, or cut off', () => {
  const storage = sharedStorage();
  const server = new FakeAgentServer();
  let host: TestHost;
  let door: DockerDoor;
  let agent: TestAgent;
  let containerId: string;

  beforeAll(async () => {
    host = await TestHost.start();
    door = new DockerDoor(join(host.dir, 'door.sock'), host.dockerSocket);
    await door.unlock();
    await server.start();
    server.configure({ mountPath: storage.path });
    agent = new TestAgent(host, server.url, server.joinToken, {
      BATCHPOINT_DOCKER_SOCKET: join(host.dir, 'door.sock'),
    });
    agent.start();
    await until('the storage is ready', () => server.heartbeats.at(-1)?.storage?.ready === true, 40);
    const options = ['--network', 'none', '--runtime', 'batchpoint', '-e', 'AWS_BATCH_JOB_ID=heavy'];
    containerId = await host.docker('run', '-d', ...options, host.image, 'sh', '-c', HEAVY);
    await until('the job counts', async () => (await count()) > 1, 60);
    await until('it is seen', () =>
      server.of('container').some((report) => report.containerId === containerId && report.status === 'running'),
    );
  }, 120_000);
  afterAll(async () => {
    await agent.stop();
    await door.lock();
    await server.stop();
    storage.remove();
  });

  const count = async (): Promise<number> =>
    Number(await host.docker('exec', containerId, 'cat', '/counter').catch(() => '0'));
  const runsOn = async (): Promise<void> => {
    const before = await count();
    await until('the job runs on', async () => (await count()) > before);
  };
  const outcome = (checkpointId: string) =>
    server.of('checkpoint').findLast((report) => report.checkpointId === checkpointId && report.status !== 'running');
  const trigger = (): { checkpointId: string; commandId: string } => {
    const checkpointId = newId('checkpoint');
    return { checkpointId, commandId: server.send({ type: 'checkpoint', checkpointId, jobId: 'heavy', containerId }) };
  };
  const stepBegun = (checkpointId: string, step: string): boolean =>
    agent.log().some((line) => line['checkpointId'] === checkpointId && line['step'] === step);
  const staging = (): string[] =>
    readdirSync(join(storage.path, 'batchpoint', 'jobs', 'heavy')).filter((name) => name.startsWith('.staging-'));

  it.each(['inspect', 'dump', 'seal'])(
    'killed in step %s: the job runs on, and the next start says what became of it',
    async (step) => {
      const { checkpointId, commandId } = trigger();
      await until(`step ${step} begins`, () => stepBegun(checkpointId, step), 30);
      await agent.kill();
      await runsOn();
      agent.start();
      await until(
        'the outcome is told',
        () => outcome(checkpointId) !== undefined && server.results.has(commandId),
        60,
      );
      // It may have been done a moment before the kill.
      if (outcome(checkpointId)!.status === 'committed')
        expect(server.results.get(commandId)!.status).toBe('succeeded');
      else {
        expect(outcome(checkpointId)!.failure).toMatchObject({ code: 'agent-restarted' });
        expect(server.results.get(commandId)).toMatchObject({ status: 'failed', failure: { code: 'agent-restarted' } });
      }
      expect(staging()).toEqual([]);
      const again = trigger();
      await until('the next one is committed', () => outcome(again.checkpointId)?.status === 'committed', 60);
    },
  );

  it('asked to stop during a checkpoint, it finishes it, tells the outcome and leaves the job running', async () => {
    const { checkpointId } = trigger();
    await until('the dump begins', () => stepBegun(checkpointId, 'dump'), 30);
    expect(await agent.stop()).toBe(0);
    expect(outcome(checkpointId)?.status).toBe('committed');
    await runsOn();
    agent.start();
    const sessions = server.session;
    await until('it is back', () => server.session > sessions, 40);
  });

  it('finds the jobs again when Docker was away, with what happened meanwhile', async () => {
    await door.lock();
    const options = ['--network', 'none', '--runtime', 'batchpoint', '-e', 'AWS_BATCH_JOB_ID=meanwhile'];
    const meanwhile = await host.docker('run', '-d', ...options, host.image, 'sh', '-c', 'exit 3');
    await sleep(500);
    await door.unlock();
    await until(
      'the end is told',
      () =>
        server
          .of('container')
          .some((report) => report.containerId === meanwhile && report.status === 'exited' && report.exitCode === 3),
      40,
    );
    const { checkpointId } = trigger();
    await until('jobs are checkpointed as before', () => outcome(checkpointId)?.status === 'committed', 60);
    await host.docker('rm', meanwhile);
  });

  it('writes what it saved whole: no file in the state directory is half-written', () => {
    for (const folder of ['commands', 'jobs']) {
      for (const name of readdirSync(join(host.stateDir, folder))) {
        expect(() => JSON.parse(readFileSync(join(host.stateDir, folder, name), 'utf8'))).not.toThrow();
      }
    }
    expect(existsSync(join(host.stateDir, 'lock'))).toBe(true);
  });
});
