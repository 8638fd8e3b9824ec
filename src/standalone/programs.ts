import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ApiClient } from './api-client.js';
import { packageRoot } from './package-root.js';
import { SupervisedChild } from './supervised-child.js';

const run = promisify(execFile);

/** The built program; what runs from `src` under a test runner starts it too. */
function mainFile(): string {
  const file = join(packageRoot(), 'dist', 'src', 'main.js');
  if (!existsSync(file)) throw new Error(`${file} is missing; build it with: npm run build`);
  return file;
}

export interface ServerOptions {
  /** Database, tokens, logs and process files of this server. */
  dataDir: string;
  port: number;
  adminTokenFile: string;
  env?: Record<string, string>;
  note: (line: string) => void;
}

export function serverUrl(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** The server with its embedded PostgreSQL. Not started yet. */
export function serverChild(options: ServerOptions): SupervisedChild {
  return new SupervisedChild({
    name: 'server',
    command: process.execPath,
    args: [mainFile(), 'server'],
    env: {
      ...process.env,
      BATCHPOINT_HOST: '127.0.0.1',
      BATCHPOINT_PORT: String(options.port),
      BATCHPOINT_DATA_DIR: options.dataDir,
      BATCHPOINT_ADMIN_TOKEN_FILE: options.adminTokenFile,
      ...options.env,
    },
    logFile: join(options.dataDir, 'logs', 'server.log'),
    pidFile: join(options.dataDir, 'server.pid'),
    ready: () => ApiClient.isReady(serverUrl(options.port)),
    readyWithinSeconds: 60,
    stopWithinSeconds: 30,
    note: options.note,
  });
}

export interface AgentOptions {
  name: string;
  serverUrl: string;
  /** Its content is used at the first start only. */
  joinTokenFile: string;
  stateDir: string;
  dockerSocket: string;
  criuDir: string;
  logDir: string;
  /** Put before the command, such as `nsenter`. */
  enter?: readonly string[];
  note: (line: string) => void;
}

const agentEnvironment = (options: AgentOptions): NodeJS.ProcessEnv => ({
  ...process.env,
  BATCHPOINT_SERVER_URL: options.serverUrl,
  BATCHPOINT_JOIN_TOKEN_FILE: options.joinTokenFile,
  BATCHPOINT_STATE_DIR: options.stateDir,
  BATCHPOINT_DOCKER_SOCKET: options.dockerSocket,
  BATCHPOINT_CRIU_DIR: options.criuDir,
});

/** Puts the runtime shim into the agent's state directory, which Docker must know before the agent runs. */
export async function installShim(options: AgentOptions): Promise<void> {
  await run(process.execPath, [mainFile(), 'agent', '--install-shim-only'], { env: agentEnvironment(options) });
}

/** True once the server has taken this agent in. */
export function isEnrolled(stateDir: string): boolean {
  try {
    const identity = JSON.parse(readFileSync(join(stateDir, 'identity.json'), 'utf8')) as { host?: unknown };
    return Boolean(identity.host);
  } catch {
    return false;
  }
}

/** The agent of one host. Not started yet. It is ready when it is enrolled and knows its storage. */
export function agentChild(options: AgentOptions): SupervisedChild {
  const [command, ...args] = [...(options.enter ?? []), process.execPath, mainFile(), 'agent'];
  return new SupervisedChild({
    name: options.name,
    command: command,
    args,
    env: agentEnvironment(options),
    logFile: join(options.logDir, `${options.name.replaceAll(' ', '-')}.log`),
    pidFile: join(options.logDir, `${options.name.replaceAll(' ', '-')}.pid`),
    ready: () => Promise.resolve(isEnrolled(options.stateDir) && existsSync(join(options.stateDir, 'agent.json'))),
    readyWithinSeconds: 60,
    stopWithinSeconds: 20,
    note: options.note,
  });
}

/** Whether something else listens there already. */
export async function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
