import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { compare } from '../../src/demo/comparison.js';
import { type ApiError } from '../../src/standalone/api-client.js';
import { copyProgram, writeImageArchive } from '../../src/standalone/image-archive.js';
import {
  CHAIN,
  FILES,
  type JobProgram,
  LONG_CHAIN,
  PIPELINE,
  THREADS,
  THREADS_SCRIPT,
} from '../support/job-programs.js';
import { describeNeeding } from '../support/requires.js';
import { eventually, type ProtectedHost, TestDeployment } from '../support/test-deployment.js';
import type { TestHost } from '../support/test-host.js';

const NODE_IMAGE = 'with-node';

interface Accepted {
  id: string;
  resource: { id: string };
}
interface Restore {
  id: string;
  checkpointId: string;
  status: string;
  trigger: string;
  hostId: string;
}

describeNeeding(['root', 'linux', 'docker', 'criu'], 'the main job, through server and agents', () => {
  let deployment: TestDeployment;
  let a: ProtectedHost;
  let b: ProtectedHost;
  let shared: string;

  beforeAll(async () => {
    deployment = await TestDeployment.start();
    shared = join(deployment.dir, 'shared');
    mkdirSync(shared);
    [a, b] = [await deployment.addHost('a'), await deployment.addHost('b')];
    const archive = join(deployment.dir, 'node.tar');
    writeImageArchive(archive, NODE_IMAGE, (root) => {
      copyProgram(process.execPath, root, 'bin/node');
      writeFileSync(join(root, 'threads.cjs'), THREADS_SCRIPT);
    });
    for (const { host } of [a, b]) await host.docker('load', '--quiet', '--input', archive);
  }, 120_000);

  afterAll(() => deployment?.stop());

  /** Starts the program's container; with a job id as Batch would, without one as a plain container. */
  async function start(
    host: TestHost,
    program: JobProgram,
    name: string,
    options: string[],
    outDir = '',
  ): Promise<void> {
    if (program.bindMount) mkdirSync(outDir, { recursive: true });
    const mounts = program.bindMount ? ['--volume', `${outDir}:${program.bindMount}`] : [];
    const image = program === THREADS ? NODE_IMAGE : host.image;
    await host.docker(
      'run',
      '-d',
      '--name',
      name,
      ...options,
      ...(program.options ?? []),
      ...mounts,
      image,
      ...program.command,
    );
  }

  const asJob = (jobId: string, attempt = 1): string[] => [
    ...['--runtime', 'batchpoint', '-e', `AWS_BATCH_JOB_ID=${jobId}`, '-e', `AWS_BATCH_JOB_ATTEMPT=${attempt}`],
  ];

  async function printed(host: TestHost, name: string): Promise<string> {
    return `${await host.docker('logs', name)}\n`;
  }

  async function untilStep(host: TestHost, name: string, step: number): Promise<void> {
    await eventually(`${name} is at step ${step}`, async () => (await printed(host, name)).includes(`step ${step} `));
  }

  async function filesOf(host: TestHost, name: string, program: JobProgram, outDir = ''): Promise<string> {
    const copies = mkdtempSync(join(deployment.dir, 'files-'));
    let all = program.bindMount ? readFileSync(join(outDir, 'log'), 'utf8') : '';
    for (const [index, path] of program.files.entries()) {
      await host.docker('cp', `${name}:${path}`, join(copies, String(index)));
      all += `== ${path}\n${readFileSync(join(copies, String(index)), 'utf8')}`;
    }
    return all;
  }

  async function ends(host: TestHost, name: string): Promise<void> {
    expect(await host.docker('wait', name)).toBe('0');
  }

  /** The program's output when nothing happens to it. */
  async function uninterrupted(host: TestHost, program: JobProgram): Promise<{ stdout: string; file: string }> {
    const [name, outDir] = [`plain-${program.name}`, join(shared, `plain-${program.name}`)];
    await start(host, program, name, [], outDir);
    await ends(host, name);
    return { stdout: await printed(host, name), file: await filesOf(host, name, program, outDir) };
  }

  async function restoresOf(jobId: string): Promise<Restore[]> {
    return (await deployment.api.get<{ items: Restore[] }>(`/restores?jobId=${jobId}`)).items;
  }

  it.each([CHAIN, PIPELINE, FILES, THREADS])(
    'continues the program "$name" on another host after a manual checkpoint, with the output of an uninterrupted run',
    async (program) => {
      const [jobId, outDir] = [`job-${program.name}`, join(shared, `job-${program.name}`)];
      const reference = uninterrupted(b.host, program);
      await start(a.host, program, jobId, asJob(jobId), outDir);
      await untilStep(a.host, jobId, 30);
      await deployment.jobRuns(jobId);
      const checkpoint = await deployment.checkpoint(jobId);
      expect(checkpoint).toMatchObject({ status: 'committed', trigger: 'manual', failure: null });

      await untilStep(a.host, jobId, 60);
      await a.host.killContainerHard(jobId);
      const first = await printed(a.host, jobId);

      await start(b.host, program, jobId, asJob(jobId, 2), outDir);
      await ends(b.host, jobId);
      const second = { stdout: await printed(b.host, jobId), file: await filesOf(b.host, jobId, program, outDir) };
      const { continuedAfter } = compare(await reference, first, second);
      expect(continuedAfter).toBeGreaterThanOrEqual(30);

      await eventually('the restore and the end are reported', async () => {
        const job = await deployment.api.get<{ status: string }>(`/jobs/${jobId}`);
        return job.status === 'SUCCEEDED' && (await restoresOf(jobId))[0]?.status === 'succeeded';
      });
      expect(await restoresOf(jobId)).toMatchObject([
        { checkpointId: checkpoint.id, trigger: 'automatic', hostId: b.id },
      ]);
    },
    180_000,
  );

  it("checkpoints by the job's own interval and restores from the newest image", async () => {
    const jobId = 'job-periodic';
    const reference = uninterrupted(b.host, { ...CHAIN, name: 'periodic' });
    await start(a.host, CHAIN, jobId, [
      ...asJob(jobId),
      '-e',
      'MMC_CHECKPOINT_MODE=iterative',
      '-e',
      'MMC_CHECKPOINT_INTERVAL=1s',
    ]);
    await eventually('three periodic checkpoints', async () => {
      const committed = (await deployment.checkpoints(jobId)).filter(
        ({ trigger, status }) => trigger === 'periodic' && status !== 'running',
      );
      return committed.length >= 3;
    });
    await deployment.loseHost(a);
    a = await deployment.addHost('a2');
    const newest = (await deployment.checkpoints(jobId)).find(({ status }) => status === 'committed')!;

    await start(b.host, CHAIN, jobId, asJob(jobId, 2));
    await ends(b.host, jobId);
    const stdout = await printed(b.host, jobId);
    const { continuedAfter } = compare(await reference, (await reference).stdout, {
      stdout,
      file: await filesOf(b.host, jobId, CHAIN),
    });
    expect(continuedAfter).toBeGreaterThan(0);
    await eventually('the restore is reported', async () => (await restoresOf(jobId))[0]?.status === 'succeeded');
    expect((await restoresOf(jobId))[0]!.checkpointId >= newest.id).toBe(true);
  }, 180_000);

  it('finishes a checkpoint although the server is killed during it, and tells the outcome when the server is back', async () => {
    const jobId = 'job-server-killed';
    await start(a.host, LONG_CHAIN, jobId, asJob(jobId));
    await untilStep(a.host, jobId, 20);
    await deployment.jobRuns(jobId);
    const operation = await deployment.api.post<Accepted>(`/jobs/${jobId}/checkpoints`);
    // There from the first step of the pipeline to the last.
    const staging = join(deployment.dir, 'checkpoints/batchpoint/jobs', jobId, `.staging-${operation.resource.id}`);
    while (!existsSync(staging)) await sleep(2);
    await deployment.killServer();
    await eventually('the checkpoint is over', async () => !existsSync(staging));
    const { length } = await printed(a.host, jobId);
    await eventually('the job runs on', async () => (await printed(a.host, jobId)).length > length);

    await deployment.startServerAgain();
    expect(await deployment.operationEnd(operation.id)).toMatchObject({ status: 'succeeded', failure: null });
    expect(await deployment.api.get(`/checkpoints/${operation.resource.id}`)).toMatchObject({ status: 'committed' });
    await a.host.killContainerHard(jobId);
    await eventually(
      'the end is reported',
      async () => (await deployment.api.get<{ status: string }>(`/jobs/${jobId}`)).status === 'FAILED',
    );
  }, 180_000);

  it('restores on request onto another host, and not while the job runs', async () => {
    const jobId = 'job-on-request';
    const reference = uninterrupted(b.host, { ...CHAIN, name: 'on-request' });
    await start(a.host, CHAIN, jobId, asJob(jobId));
    await untilStep(a.host, jobId, 20);
    await deployment.jobRuns(jobId);
    const checkpoint = await deployment.checkpoint(jobId);
    expect(checkpoint.status).toBe('committed');
    const request = { checkpointId: checkpoint.id, hostId: b.id };
    await expect(deployment.api.post('/restores', request)).rejects.toMatchObject({
      status: 409,
    } satisfies Partial<ApiError>);

    await a.host.killContainerHard(jobId);
    const first = await printed(a.host, jobId);
    await eventually(
      'the end is reported',
      async () => (await deployment.api.get<{ status: string }>(`/jobs/${jobId}`)).status === 'FAILED',
    );
    const operation = await deployment.api.post<Accepted>('/restores', request);
    expect(await deployment.operationEnd(operation.id)).toMatchObject({ status: 'succeeded', failure: null });
    expect((await restoresOf(jobId))[0]).toMatchObject({
      id: operation.resource.id,
      status: 'succeeded',
      trigger: 'manual',
      hostId: b.id,
    });

    const { containerId } = await deployment.api.get<{ containerId: string }>(`/jobs/${jobId}`);
    await ends(b.host, containerId);
    compare(await reference, first, {
      stdout: await printed(b.host, containerId),
      file: await filesOf(b.host, containerId, CHAIN),
    });
  }, 180_000);
});
