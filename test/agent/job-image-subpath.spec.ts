import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '../../src/protocol/ids.js';
import { FakeAgentServer } from '../fakes/fake-agent-server.js';
import { ProtectedHost, sharedStorage, until } from '../support/protected-host.js';
import { describeNeeding } from '../support/requires.js';
import { TestAgent } from '../support/test-agent.js';
import { TestHost } from '../support/test-host.js';

/** Counts in memory and on stdout until it is told to end. */
const COUNT = 'i=0; while [ ! -e /go ]; do i=$((i+1)); echo $i; sleep 0.05; done';

/** A host with an agent and a server of its own. */
async function startHost(name: string, mountPath: string) {
  const [host, server] = [await TestHost.start({ name }), new FakeAgentServer()];
  await server.start();
  server.configure({ mountPath });
  const agent = new TestAgent(host, server.url, server.joinToken);
  agent.start();
  await until('the storage is ready', () => server.heartbeats.at(-1)?.storage?.ready === true, 40);
  return { host, server, agent };
}

describeNeeding(['root', 'linux', 'docker', 'criu'], 'a job that says where its images go', () => {
  const storage = sharedStorage();
  const jobs = join(storage.path, 'batchpoint', 'jobs');
  type Host = Awaited<ReturnType<typeof startHost>>;
  let a: Host;
  let b: Host;

  beforeAll(async () => {
    [a, b] = await Promise.all([startHost('a', storage.path), startHost('b', storage.path)]);
  }, 90_000);
  afterAll(async () => {
    for (const { agent, server } of [a, b]) {
      await agent?.stop();
      await server?.stop();
    }
    storage.remove();
  });

  async function start({ host, server }: Host, jobId: string, variables: Record<string, string>): Promise<string> {
    const environment = Object.entries({ AWS_BATCH_JOB_ID: jobId, ...variables }).flatMap(([name, value]) => [
      '-e',
      `${name}=${value}`,
    ]);
    const options = ['--network', 'none', '--runtime', 'batchpoint', ...environment];
    const containerId = await host.docker('run', '-d', ...options, host.image, 'sh', '-c', COUNT);
    await until('the job is seen to be protected', () =>
      server.of('container').some((report) => report.containerId === containerId && report.protected),
    );
    return containerId;
  }

  async function checkpoint({ server }: Host, jobId: string): Promise<string> {
    const checkpointId = newId('checkpoint');
    server.send({ type: 'checkpoint', checkpointId, jobId, containerId: null });
    await until('the checkpoint is committed', () =>
      server.of('checkpoint').some((report) => report.checkpointId === checkpointId && report.status === 'committed'),
    );
    return checkpointId;
  }

  const ignored = ({ server }: Host, jobId: string): string[] =>
    server
      .of('job-event')
      .filter((report) => report.jobId === jobId && report.event === 'job-policy-ignored')
      .map(({ message }) => message);

  it('has them there, continues from them on another host, and leaves nothing there when it ends well', async () => {
    const variables = {
      MMC_CHECKPOINT_IMAGE_PATH: `${storage.path}/rnaseq/`,
      MMC_CHECKPOINT_IMAGE_SUBPATH: 'team-a/run_7',
    };
    const first = await start(a, 'grouped', variables);
    await until('some work', async () => Number((await a.host.docker('logs', first)).split('\n').length) > 20);
    const checkpointId = await checkpoint(a, 'grouped');
    const directory = join(storage.path, 'rnaseq', 'team-a', 'run_7', 'grouped.checkpoints');
    expect(readdirSync(directory).sort()).toEqual([`00000001-${checkpointId}`, 'owner.json']);
    expect(existsSync(join(directory, `00000001-${checkpointId}`, 'manifest.json'))).toBe(true);
    expect(readlinkSync(join(jobs, 'grouped'))).toBe('../../rnaseq/team-a/run_7/grouped.checkpoints');
    await a.host.killContainerHard(first);

    const second = await start(b, 'grouped', variables);
    await until('it continues', () =>
      b.server.of('restore').some((report) => report.checkpointId === checkpointId && report.status === 'succeeded'),
    );
    await b.host.docker('exec', second, 'touch', '/go');
    expect(await b.host.docker('wait', second)).toBe('0');
    expect(Number((await b.host.docker('logs', second)).split('\n')[0])).toBeGreaterThan(20);
    await until('nothing of it is left', () => readdirSync(storage.path).join() === 'batchpoint');
    expect(existsSync(join(jobs, 'grouped'))).toBe(false);
    expect([...ignored(a, 'grouped'), ...ignored(b, 'grouped')]).toEqual([]);
  });

  it('is told of what is not followed, and is protected as any other', async () => {
    const containerId = await start(a, 'astray', {
      MMC_CHECKPOINT_IMAGE_PATH: '/etc',
      MMC_CHECKPOINT_IMAGE_SUBPATH: '../../etc',
    });
    await until('both are told', () => ignored(a, 'astray').length === 2);
    const without = 'the job goes on as it would without it';
    expect(ignored(a, 'astray')).toEqual([
      `MMC_CHECKPOINT_IMAGE_PATH="/etc" is ignored: not in ${storage.path}, where the checkpoint storage is mounted; ${without}`,
      expect.stringMatching(/^MMC_CHECKPOINT_IMAGE_SUBPATH="\.\.\/\.\.\/etc" is ignored: ".." is not a name of /),
    ]);
    const checkpointId = await checkpoint(a, 'astray');
    expect(readdirSync(join(jobs, 'astray'))).toContain(`00000001-${checkpointId}`);
    expect(readdirSync(storage.path)).toEqual(['batchpoint']);
    await a.host.docker('rm', '-f', containerId);
  });

  it('has them there from its first start on, also where the restore program is the first to see it', async () => {
    const host = await ProtectedHost.start('c', storage.path);
    // As on a host whose agent was not told of a storage when it installed the shim.
    await host.installShim({ store: '' });
    const options = ['-e', 'MMC_CHECKPOINT_IMAGE_SUBPATH=early'];
    const containerId = await host.start('first-seen', options, ['sleep', '100']);
    expect(readdirSync(join(storage.path, 'early', 'first-seen.checkpoints'))).toEqual(['owner.json']);
    const { checkpointId } = await host.checkpoint('first-seen', containerId);
    expect(readdirSync(join(storage.path, 'early', 'first-seen.checkpoints'))).toContain(`00000001-${checkpointId}`);
    await host.host.docker('rm', '-f', containerId);
  });
});
