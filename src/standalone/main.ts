import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ApiClient } from './api-client.js';
import { BUSYBOX_IMAGE } from './image-archive.js';
import { lockData } from './data-lock.js';
import { createJoinToken, localEnvironment } from './local-environment.js';
import { LocalHost } from './local-host.js';
import { examineMachine } from './machine.js';
import { isPortFree, serverChild, serverUrl } from './programs.js';

const print = (text = ''): void => void process.stdout.write(`${text}\n`);
const note = (line: string): void => print(`! ${line}`);

/** `batchpoint start` (`npm start`): server, embedded PostgreSQL and, where the machine can, a host, until Ctrl-C. */
export async function run(): Promise<number> {
  const port = Number(process.env['BATCHPOINT_PORT'] ?? 8080);
  const dataDir = resolve(process.env['BATCHPOINT_DATA_DIR'] ?? 'data');
  const refusal = whyNot(port);
  if (refusal) {
    process.stderr.write(`${refusal}\n`);
    return 1;
  }
  mkdirSync(dataDir, { recursive: true });

  const stopRequested = new Promise<string>((resolveStop) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolveStop(name));
  });
  const cleanUp: (() => Promise<void> | void)[] = [];
  try {
    cleanUp.push(lockData(dataDir));
    const up = bringUp(dataDir, port, cleanUp);
    // Ctrl-C while starting waits for the step at hand, then undoes what there is.
    if ((await Promise.race([up.then(() => null), stopRequested])) === null) await stopRequested;
    else await up.catch(() => undefined);
    print('\nStopping.');
    return 0;
  } catch (error) {
    process.stderr.write(`\nBatchpoint could not start: ${(error as Error).message}\n`);
    return 1;
  } finally {
    for (const undo of cleanUp.reverse()) await undo();
    print('Stopped. Everything is kept in the data directory and goes on with the next start.');
  }
}

function whyNot(port: number): string | null {
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    return `BATCHPOINT_PORT is not a port: ${process.env['BATCHPOINT_PORT']}`;
  for (const name of [
    'BATCHPOINT_HOST',
    'BATCHPOINT_TLS_CERT_FILE',
    'BATCHPOINT_TLS_KEY_FILE',
    'BATCHPOINT_ADMIN_TOKEN_FILE',
  ]) {
    if (process.env[name]) {
      return `${name} is set, but this all-in-one start is for trying out: it listens on 127.0.0.1 only. Run \`batchpoint server\` and \`batchpoint agent\` instead (docs/operating.md).`;
    }
  }
  return null;
}

async function bringUp(dataDir: string, port: number, cleanUp: (() => Promise<void> | void)[]): Promise<void> {
  const shown = (path: string): string =>
    relative(process.cwd(), path).startsWith('..') ? path : `./${relative(process.cwd(), path)}`;
  const tokenFile = join(dataDir, 'admin-token');
  const firstStart = !existsSync(tokenFile);
  if (firstStart) writeFileSync(tokenFile, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
  const token = readFileSync(tokenFile, 'utf8').trim();
  const url = serverUrl(port);

  const server = serverChild({ dataDir, port, adminTokenFile: tokenFile, note });
  print(`Starting the server and its PostgreSQL (data in ${shown(dataDir)}) ...`);
  await server.stopEarlierOne();
  if (!(await isPortFree(port))) {
    throw new Error(
      `port ${port} is taken by another program. Take another one: BATCHPOINT_PORT=${port + 1} npm start`,
    );
  }
  await server.start();
  cleanUp.push(() => server.stop());
  print(`  API and Swagger UI   ${url}/docs`);
  print(
    `  admin token          ${firstStart ? `${token}   (shown once; kept in ${shown(tokenFile)})` : `in ${shown(tokenFile)}`}`,
  );

  const machine = examineMachine({ demo: true });
  if (!machine.capable) {
    print(
      '\nNo agent on this machine, so there is nothing to checkpoint here; the server is complete without it. Missing:',
    );
    for (const line of machine.missing) print(`  ${line}`);
    print('\nCtrl-C stops the server.');
    return;
  }
  print('Starting a private Docker Engine and an agent (your own Docker is not touched) ...');
  const api = new ApiClient(url, token);
  const environment = await localEnvironment(api, join(dataDir, 'checkpoints'));
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 8);
  const host = await LocalHost.start({
    name: 'agent',
    dir: join(dataDir, 'host'),
    runDir: `/run/batchpoint-${hash}`,
    cgroup: `batchpoint-${hash}`,
    serverUrl: url,
    joinToken: () => createJoinToken(api, `start-${Date.now()}`, environment.computeEnvironmentId),
    criuDir: machine.criuDir,
    note,
  });
  cleanUp.push(() => host.stop());
  void host.watchDocker(note);
  print(firstSession(url, shown(tokenFile), host.docker.socket));
}

/** What to type next, ready to paste into a second terminal. */
function firstSession(url: string, tokenFile: string, socket: string): string {
  return `
Ready. In another terminal, in this directory:

  # 1. start a job's container: any container with an AWS Batch job id, under the runtime "batchpoint"
  export DOCKER_HOST=unix://${socket}
  docker run -d --name first-job --runtime batchpoint -e AWS_BATCH_JOB_ID=first-job ${BUSYBOX_IMAGE} \\
    sh -c 'i=0; while true; do i=$((i+1)); echo "step $i"; sleep 1; done'

  # 2. checkpoint it while it runs
  TOKEN=$(cat ${tokenFile})
  curl -sX POST ${url}/api/v1/jobs/first-job/checkpoints -H "Authorization: Bearer $TOKEN"
  curl -s "${url}/api/v1/checkpoints?jobId=first-job" -H "Authorization: Bearer $TOKEN"

  # 3. kill it, start the same job again, and see it go on from the checkpoint
  docker kill first-job
  docker run -d --name first-job-again --runtime batchpoint -e AWS_BATCH_JOB_ID=first-job ${BUSYBOX_IMAGE} \\
    sh -c 'i=0; while true; do i=$((i+1)); echo "step $i"; sleep 1; done'
  docker logs -f first-job-again

Ctrl-C stops everything.`;
}
