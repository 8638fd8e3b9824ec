import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '../../src/standalone/api-client.js';
import {
  agentChild,
  freePort,
  installShim,
  serverChild,
  serverUrl,
  type AgentOptions,
} from '../../src/standalone/programs.js';
import type { SupervisedChild } from '../../src/standalone/supervised-child.js';
import { HOSTS_DIR, RUN_VARIABLE } from './leftovers.js';
import { TestHost, type TestHostOptions } from './test-host.js';

/** A host with its agent running. */
export interface ProtectedHost {
  host: TestHost;
  agent: SupervisedChild;
  /** As the server knows it. */
  id: string;
}

interface Checkpoint {
  id: string;
  status: string;
  trigger: string;
  failure: { code: string; message: string } | null;
}

/**
 * The whole product as users run it: the built server with its PostgreSQL, hosts with agents, one shared storage, all
 * reached by HTTP. Needs `npm run build`, which `npm test` does.
 */
export class TestDeployment {
  private static count = 0;
  private readonly hosts: ProtectedHost[] = [];

  private constructor(
    readonly dir: string,
    readonly api: ApiClient,
    private readonly port: number,
    private server: SupervisedChild,
    private readonly joinToken: string,
  ) {}

  static async start(): Promise<TestDeployment> {
    this.count += 1;
    const dir = join(HOSTS_DIR, `${process.env[RUN_VARIABLE]}.d${process.pid.toString(36)}${this.count}`);
    mkdirSync(join(dir, 'checkpoints'), { recursive: true });
    chmodSync(HOSTS_DIR, 0o755);
    const [port, token] = [await freePort(), randomBytes(32).toString('base64url')];
    writeFileSync(join(dir, 'admin-token'), token, { mode: 0o600 });
    const server = this.newServer(dir, port);
    await server.start();
    const api = new ApiClient(serverUrl(port), token);
    const storage = await api.post<{ id: string }>('/storages', {
      name: 'test',
      kind: 'local',
      mountPath: join(dir, 'checkpoints'),
    });
    const environment = await api.post<{ id: string }>('/compute-environments', {
      name: 'test',
      storageId: storage.id,
      policy: { mode: 'manual' },
    });
    const { token: joinToken } = await api.post<{ token: string }>('/join-tokens', {
      name: 'test',
      computeEnvironmentId: environment.id,
    });
    return new TestDeployment(dir, api, port, server, joinToken);
  }

  private static newServer(dir: string, port: number): SupervisedChild {
    const dataDir = join(dir, 'server');
    mkdirSync(dataDir, { recursive: true });
    return serverChild({ dataDir, port, adminTokenFile: join(dir, 'admin-token'), note: (line) => console.warn(line) });
  }

  /** As `kill -9` of the server's process; its PostgreSQL lives on. */
  async killServer(): Promise<void> {
    await this.server.kill();
  }

  async startServerAgain(): Promise<void> {
    this.server = TestDeployment.newServer(this.dir, this.port);
    await this.server.start();
  }

  /** With a join token of another environment, the host enrols there. */
  async addHost(
    name: string,
    { joinToken = this.joinToken, ...options }: { joinToken?: string } & TestHostOptions = {},
  ): Promise<ProtectedHost> {
    const host = await TestHost.start({ name, ...options });
    const joinTokenFile = join(host.dir, 'join-token');
    writeFileSync(joinTokenFile, joinToken, { mode: 0o600 });
    const agentOptions: AgentOptions = {
      name: `agent-${name}`,
      serverUrl: this.api.baseUrl,
      joinTokenFile,
      stateDir: host.stateDir,
      dockerSocket: host.dockerSocket,
      criuDir: host.criuDir,
      logDir: join(host.dir, 'logs'),
      // A warning of the agent is expected in tests that break things.
      note: () => undefined,
    };
    await installShim(agentOptions);
    const agent = agentChild(agentOptions);
    await agent.start();
    const { items } = await this.api.get<{ items: { id: string }[] }>('/hosts?sort=-createdAt');
    const added: ProtectedHost = { host, agent, id: items[0]!.id };
    this.hosts.push(added);
    return added;
  }

  /** The machine loses its power: agent, engine and containers at once. */
  async loseHost({ host, agent }: ProtectedHost): Promise<void> {
    await agent.kill();
    await host.killHard();
  }

  /** The outcome of a checkpoint taken by the API. */
  async checkpoint(jobId: string): Promise<Checkpoint> {
    const operation = await this.api.post<{ id: string; resource: { id: string } }>(`/jobs/${jobId}/checkpoints`);
    await this.operationEnd(operation.id);
    return this.api.get<Checkpoint>(`/checkpoints/${operation.resource.id}`);
  }

  async operationEnd(id: string): Promise<{ status: string; failure: { code: string; message: string } | null }> {
    for (;;) {
      const operation = await this.api.get<{ status: string; failure: { code: string; message: string } | null }>(
        `/operations/${id}?wait=50s`,
      );
      if (!['pending', 'running'].includes(operation.status)) return operation;
    }
  }

  checkpoints(jobId: string): Promise<Checkpoint[]> {
    return this.api.get<{ items: Checkpoint[] }>(`/jobs/${jobId}/checkpoints`).then(({ items }) => items);
  }

  /** Until the server knows the job to run; a report of its container may be a moment behind. */
  async jobRuns(jobId: string): Promise<void> {
    await eventually(
      `job ${jobId} runs`,
      async () => (await this.api.get<{ status: string }>(`/jobs/${jobId}`)).status === 'RUNNING',
    );
  }

  async stop(): Promise<void> {
    for (const { agent, host } of this.hosts.splice(0)) {
      await agent.stop();
      await host.stop();
    }
    await this.server.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Looks until it is so; an error while looking counts as not yet. Throws after `seconds`, with the last error. */
export async function eventually(what: string, isSo: () => Promise<boolean>, seconds = 60): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  let last = '';
  for (;;) {
    try {
      if (await isSo()) return;
      last = 'not so';
    } catch (error) {
      last = (error as Error).message;
    }
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s until ${what}: ${last}`);
    await sleep(100);
  }
}
