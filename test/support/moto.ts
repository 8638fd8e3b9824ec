import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import type { AwsAccess } from '../../src/server/aws/aws-access.js';

/** moto (github.com/getmoto/moto), an emulator of AWS we did not write, as a process of its own on a free port of 127.0.0.1. */
export interface Moto {
  url: string;
  /** The account's root credentials, region us-east-1. */
  access: AwsAccess;
  accountId: string;
  /** What a child process needs to speak to it. This process's environment has it already. */
  env: Record<string, string>;
  /** Forgets all resources, 6 ms. */
  reset(): Promise<void>;
  /** From the `calls`-th next call on every call needs a permission; credentials are those of an IAM user's access key, or an assumed role's. */
  enforceIam(calls?: number): Promise<void>;
  /** Back to no enforcement: call it in `afterEach`, moto's own reset leaves it on. */
  allowAll(): Promise<void>;
  close(): Promise<void>;
}

export interface MotoOptions {
  /** Docker Engine that runs the jobs of its Batch: `unix:///path/docker.sock`. Without one every job succeeds at once. */
  dockerHost?: string;
}

const START_LIMIT_MS = 30_000;

/** The program, or undefined where it is not installed (test/support/install-moto.sh). */
export function motoProgram(): string | undefined {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/opt/batchpoint/moto/bin'];
  return places.map((place) => join(place, 'moto_server')).find((path) => existsSync(path));
}

/** Starts it and points this process's SDK at it (AWS_ENDPOINT_URL and credentials). */
export async function startMoto(options: MotoOptions = {}): Promise<Moto> {
  const program = motoProgram();
  if (program === undefined) throw new Error('moto_server is not installed; run test/support/install-moto.sh');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      // As AWS Batch does on EC2, its jobs share the host's network.
      ...(options.dockerHost === undefined
        ? {}
        : { DOCKER_HOST: options.dockerHost, MOTO_DOCKER_NETWORK_MODE: 'host' }),
      // Flask's own banner and request log are noise; errors stay.
      PYTHONUNBUFFERED: '1',
    },
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-20_000)));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await ready(
    url,
    () => child.exitCode,
    () => log,
  );
  const env = {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: 'AKIATESTROOT',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const before = Object.fromEntries(Object.keys(env).map((name) => [name, process.env[name]]));
  Object.assign(process.env, env);
  const post = async (path: string, body: string): Promise<void> => {
    const answer = await fetch(`${url}${path}`, { method: 'POST', body });
    if (!answer.ok) throw new Error(`moto: POST ${path} answered ${answer.status}: ${await answer.text()}`);
  };
  const configure = async (): Promise<void> => {
    if (options.dockerHost === undefined)
      await post('/moto-api/config', JSON.stringify({ batch: { use_docker: false } }));
  };
  await configure();
  return {
    url,
    access: { region: 'us-east-1', roleArn: null, externalId: null },
    accountId: '123456789012',
    env,
    reset: async () => {
      await post('/moto-api/reset', '');
      await configure();
    },
    enforceIam: (calls = 0) => post('/moto-api/reset-auth', String(calls)),
    allowAll: () => post('/moto-api/reset-auth', 'inf'),
    close: async () => {
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(hard);
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    },
  };
}

async function ready(url: string, exitCode: () => number | null, log: () => string): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    try {
      if ((await fetch(`${url}/moto-api/data.json`)).ok) return;
    } catch {
      // not listening yet
    }
    if (exitCode() !== null) throw new Error(`moto_server ended with ${exitCode()}: ${log()}`);
    if (Date.now() > deadline) throw new Error(`moto_server did not start in ${START_LIMIT_MS / 1000} s: ${log()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
