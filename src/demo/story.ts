import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '../standalone/api-client.js';
import { BUSYBOX_IMAGE } from '../standalone/image-archive.js';
import { LocalHost } from '../standalone/local-host.js';
import { freePort, serverChild, serverUrl } from '../standalone/programs.js';
import { compare, type Output } from './comparison.js';
import { PROGRAM, RESULT_FILE, STEPS } from './job-program.js';
import type { Narrator } from './narrator.js';

export interface Stage {
  /** Everything the demonstration writes is below. */
  dir: string;
  criuDir: string;
  narrator: Narrator;
  interrupted: AbortSignal;
  /** Undone last first, whatever happens. */
  cleanUp: (() => Promise<void>)[];
}

export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

interface Resource {
  id: string;
  status: string;
  failure?: { message: string; remedy?: string } | null;
}
interface Checkpoint extends Resource {
  image: { totalBytes: number; freezeSeconds: number; dumpSeconds: number; totalSeconds: number };
}
interface Restore extends Resource {
  checkpointId: string;
  restoreSeconds: number | null;
  verifySeconds: number | null;
}

const JOB = 'demo-job';
/** The checkpoint is asked for at this step of the job, and the host dies at that one. */
const CHECKPOINT_AT = 150;
const KILL_AT = 230;

/** The whole demonstration, scene by scene. Throws when the outputs differ or anything fails. */
export async function tellTheStory(stage: Stage): Promise<void> {
  const { narrator } = stage;
  narrator.line('Batchpoint: a job outlives its host. About a minute; every call is shown as you would type it.');
  const api = await startServer(stage);
  const environmentId = await configure(stage, api);
  const [a, b] = await startHosts(stage, api, environmentId);

  narrator.chapter(`Start the job on host A: ${STEPS} steps, each hashing the result of the one before`);
  narrator.say('Its state is in the memory of a shell; results go to stdout and to a file in the container.');
  narrator.command(`PROGRAM='${PROGRAM.trim().replaceAll('\n', '\n       ')}'`);
  // At the same time and untouched: the yardstick for the end.
  await b.docker.docker('run', '-d', '--name', 'uninterrupted', BUSYBOX_IMAGE, 'sh', '-c', PROGRAM);
  const stdoutOfA = await startJob(stage, a, 'A', 1);

  await untilStep(stage, stdoutOfA, CHECKPOINT_AT);
  const checkpoint = await takeCheckpoint(stage, api);

  await untilStep(stage, stdoutOfA, KILL_AT);
  narrator.chapter('Host A dies without warning, as in a Spot reclaim');
  narrator.command("kill -9 <host A's agent, container, Docker Engine>");
  await a.kill();
  narrator.say(`Host A is gone. The job had printed ${stdoutOfA.text().split('\n').length - 1} of ${STEPS} steps.`);

  narrator.chapter('AWS Batch retries the job on host B: the same job id, a new container');
  const stdoutOfB = await startJob(stage, b, 'B', 2);
  const restore = await watchRestore(stage, api, checkpoint);
  await until(stage, 30, 'output from host B', () => Promise.resolve(stdoutOfB.text() !== ''));
  narrator.say(
    `Restored, not started: the first line it prints there is "${stdoutOfB.text().split('\n')[0]!.slice(0, 24)}...".`,
  );

  narrator.chapter('The job runs to its end on host B');
  await finished(stage, b, JOB);
  await narrator.quietly(() =>
    until(
      stage,
      30,
      'the end to be reported',
      async () => (await api.get<Resource>(`/jobs/${JOB}`)).status === 'SUCCEEDED',
    ),
  );
  await api.get(`/jobs/${JOB}`);
  narrator.say('Its history, newest first:');
  await api.get(`/jobs/${JOB}/events?pageSize=20`);

  narrator.chapter('Compare with the uninterrupted run, byte for byte');
  await finished(stage, b, 'uninterrupted');
  const second: Output = { stdout: await stdoutOf(b, JOB), file: await resultOf(stage, b, JOB) };
  const reference: Output = {
    stdout: await stdoutOf(b, 'uninterrupted'),
    file: await resultOf(stage, b, 'uninterrupted'),
  };
  stdoutOfB.stop();
  const { continuedAfter, lastBeforeKill, total } = compare(reference, stdoutOfA.text(), second);
  narrator.good(`standard output: the same ${total} lines (${reference.stdout.length} bytes)`);
  narrator.good(`${RESULT_FILE}: identical (${reference.file.length} bytes)`);
  narrator.line();
  const { image } = checkpoint;
  narrator.say(
    `steps not repeated   ${continuedAfter} of ${total} (done again: ${lastBeforeKill - continuedAfter}, those between the checkpoint and the kill)`,
  );
  narrator.say(`image                ${(image.totalBytes / 1024 / 1024).toFixed(2)} MiB`);
  narrator.say(
    `job frozen for       ${milliseconds(image.freezeSeconds)} (of it the dump: ${milliseconds(image.dumpSeconds)}); checkpoint in all ${milliseconds(image.totalSeconds)}`,
  );
  narrator.say(
    `restore              ${milliseconds(restore.restoreSeconds)}, after reading the image back and verifying it in ${milliseconds(restore.verifySeconds)}`,
  );
  narrator.line();
}

async function startServer(stage: Stage): Promise<ApiClient> {
  const { narrator, dir } = stage;
  narrator.chapter('Start the server, with a PostgreSQL of its own');
  const [dataDir, port, token] = [join(dir, 'server'), await freePort(), randomBytes(32).toString('base64url')];
  mkdirSync(dataDir);
  const tokenFile = join(dir, 'admin-token');
  writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
  const server = serverChild({ dataDir, port, adminTokenFile: tokenFile, note: (line) => narrator.say(`! ${line}`) });
  stage.cleanUp.push(() => server.stop());
  await server.start();
  narrator.command('batchpoint server &');
  narrator.command(`API=${serverUrl(port)}/api/v1`);
  narrator.command(`AUTH="Authorization: Bearer $(cat ${tokenFile})"`);
  checkInterrupt(stage);
  return new ApiClient(serverUrl(port), token, (call) => narrator.call(call));
}

async function configure(stage: Stage, api: ApiClient): Promise<string> {
  const { narrator, dir } = stage;
  narrator.chapter('Register the shared checkpoint storage and a compute environment');
  const mountPath = join(dir, 'checkpoints');
  mkdirSync(mountPath);
  const storage = await api.post<Resource>('/storages', { name: 'demo', kind: 'local', mountPath });
  const environment = await api.post<Resource>('/compute-environments', {
    name: 'demo-spot',
    storageId: storage.id,
    policy: { mode: 'manual' },
  });
  return environment.id;
}

async function startHosts(stage: Stage, api: ApiClient, computeEnvironmentId: string): Promise<[LocalHost, LocalHost]> {
  const { narrator, dir } = stage;
  narrator.chapter('Enrol two hosts, each with its own Docker Engine and agent');
  const { token } = await api.post<{ token: string }>('/join-tokens', { name: 'demo-hosts', computeEnvironmentId });
  narrator.command(
    'BATCHPOINT_JOIN_TOKEN=... batchpoint agent &     # on host A and on host B, with the token just made',
  );
  const start = async (letter: string): Promise<LocalHost> => {
    const host = await LocalHost.start({
      name: `agent ${letter.toUpperCase()}`,
      dir: join(dir, letter),
      runDir: join(dir, letter, 'run'),
      cgroup: `${dir.slice('/tmp/'.length)}-${letter}`,
      serverUrl: api.baseUrl,
      joinToken: () => Promise.resolve(token),
      criuDir: stage.criuDir,
      note: (line) => narrator.say(`! ${line}`),
    });
    stage.cleanUp.push(() => host.stop());
    return host;
  };
  const started = await Promise.allSettled([start('a'), start('b')]);
  for (const result of started) if (result.status === 'rejected') throw result.reason;
  checkInterrupt(stage);
  await api.get('/hosts?sort=createdAt');
  return started.map((result) => (result as PromiseFulfilledResult<LocalHost>).value) as [LocalHost, LocalHost];
}

interface Following {
  text: () => string;
  stop: () => void;
}

/** Starts the job's container as the ECS agent does for Batch, and follows its output as CloudWatch would. */
async function startJob(stage: Stage, host: LocalHost, letter: string, attempt: number): Promise<Following> {
  const variables = ['-e', `AWS_BATCH_JOB_ID=${JOB}`, '-e', `AWS_BATCH_JOB_ATTEMPT=${attempt}`];
  stage.narrator.command(
    `docker run -d --runtime batchpoint ${variables.join(' ')} ${BUSYBOX_IMAGE} sh -c "$PROGRAM"   # on host ${letter}`,
  );
  await host.docker.docker(
    'run',
    '-d',
    '--name',
    JOB,
    '--runtime',
    'batchpoint',
    ...variables,
    BUSYBOX_IMAGE,
    'sh',
    '-c',
    PROGRAM,
  );
  const follower: ChildProcess = spawn('docker', ['logs', '-f', JOB], {
    env: { ...process.env, DOCKER_HOST: `unix://${host.docker.socket}` },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  follower.stdout!.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const stop = (): void => void follower.kill();
  stage.cleanUp.push(async () => stop());
  // A line cut off by the kill was never delivered.
  return { text: () => text.slice(0, text.lastIndexOf('\n') + 1), stop };
}

async function takeCheckpoint(stage: Stage, api: ApiClient): Promise<Checkpoint> {
  const { narrator } = stage;
  narrator.chapter(`Checkpoint the running job (it is at step ${CHECKPOINT_AT})`);
  const operation = await api.post<Resource & { resource: { id: string } }>(`/jobs/${JOB}/checkpoints`);
  const done = await api.get<Resource>(`/operations/${operation.id}?wait=30s`);
  if (done.status !== 'succeeded')
    throw new Error(`the checkpoint ${done.status}: ${done.failure?.message ?? 'no reason given'}`);
  checkInterrupt(stage);
  return api.get<Checkpoint>(`/checkpoints/${operation.resource.id}`);
}

async function watchRestore(stage: Stage, api: ApiClient, checkpoint: Checkpoint): Promise<Restore> {
  const look = () => api.get<{ items: Restore[] }>(`/restores?jobId=${JOB}`);
  await stage.narrator.quietly(async () => {
    await until(stage, 30, 'the restore to be reported', async () =>
      (await look()).items.some(({ status }) => status === 'succeeded' || status === 'failed'),
    ).catch(async (error: unknown) => {
      if (error instanceof Interrupted) throw error;
      const { items } = await api.get<{ items: { message: string }[] }>(`/jobs/${JOB}/events`);
      throw new Error(
        `${(error as Error).message}. The job's history, newest first:\n  ${items.map(({ message }) => message).join('\n  ')}`,
      );
    });
  });
  const restore = (await look()).items[0]!;
  if (restore.status !== 'succeeded')
    throw new Error(`the restore failed: ${restore.failure?.message ?? 'no reason given'}`);
  if (restore.checkpointId !== checkpoint.id)
    throw new Error(`host B restored ${restore.checkpointId} instead of ${checkpoint.id}`);
  return restore;
}

async function untilStep(stage: Stage, output: Following, step: number): Promise<void> {
  await until(stage, 60, `step ${step}`, () => Promise.resolve(output.text().includes(`step ${step} `)));
}

/** Throws when the container failed. */
async function finished(stage: Stage, host: LocalHost, container: string): Promise<void> {
  const state = () => host.docker.docker('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', container);
  await until(stage, 120, `the end of ${container}`, async () => (await state()).startsWith('exited'));
  const exitCode = (await state()).trim().split(' ')[1];
  if (exitCode !== '0') throw new Error(`container ${container} ended with exit code ${exitCode}`);
}

const stdoutOf = (host: LocalHost, container: string): Promise<string> => host.docker.docker('logs', container);

async function resultOf(stage: Stage, host: LocalHost, container: string): Promise<string> {
  const copy = join(stage.dir, `result-of-${container}`);
  await host.docker.docker('cp', `${container}:${RESULT_FILE}`, copy);
  return readFileSync(copy, 'utf8');
}

async function until(stage: Stage, seconds: number, what: string, reached: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await reached())) {
    checkInterrupt(stage);
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
    await sleep(100);
  }
}

function checkInterrupt(stage: Stage): void {
  if (stage.interrupted.aborted) throw new Interrupted();
}

const milliseconds = (seconds: number | null): string =>
  seconds === null ? 'not measured' : `${Math.round(seconds * 1000)} ms`;
