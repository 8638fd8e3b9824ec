import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BUSYBOX_IMAGE, writeBusyboxImage } from './image-archive.js';
import { PrivateDocker } from './private-docker.js';
import { agentChild, type AgentOptions, installShim, isEnrolled } from './programs.js';
import type { SupervisedChild } from './supervised-child.js';

export interface LocalHostOptions {
  /** What its agent is called in messages. */
  name: string;
  /** Docker's data, the agent's state and both logs; kept between starts. */
  dir: string;
  /** For sockets; short. */
  runDir: string;
  /** Parent cgroup of its containers, unique on the machine. */
  cgroup: string;
  serverUrl: string;
  /** Called when the agent is not enrolled. */
  joinToken: () => Promise<string>;
  criuDir: string;
  note: (line: string) => void;
}

/** A host as the server sees one: a Docker Engine with the runtime `batchpoint`, and an agent. */
export class LocalHost {
  private stopped = false;

  private constructor(
    readonly docker: PrivateDocker,
    readonly agent: SupervisedChild,
    readonly stateDir: string,
  ) {}

  /** Leaves nothing running when it throws. */
  static async start(options: LocalHostOptions): Promise<LocalHost> {
    const stateDir = join(options.dir, 'agent');
    const runtime = join(stateDir, 'bin', 'batchpoint-runc');
    const agentOptions: AgentOptions = {
      name: options.name,
      serverUrl: options.serverUrl,
      joinTokenFile: join(options.dir, 'join-token'),
      stateDir,
      dockerSocket: join(options.runDir, 'docker.sock'),
      criuDir: options.criuDir,
      logDir: join(options.dir, 'logs'),
      note: options.note,
    };
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    if (!isEnrolled(stateDir)) {
      writeFileSync(agentOptions.joinTokenFile, `${await options.joinToken()}\n`, { mode: 0o600 });
      chmodSync(agentOptions.joinTokenFile, 0o600);
    }
    await installShim(agentOptions);
    const docker = await PrivateDocker.start({
      dataDir: options.dir,
      runDir: options.runDir,
      cgroup: options.cgroup,
      runtimes: { batchpoint: runtime },
    });
    const host = new LocalHost(docker, agentChild(agentOptions), stateDir);
    try {
      await host.importBusybox(join(options.dir, 'busybox.tar'));
      await host.agent.start();
    } catch (error) {
      await host.stop();
      throw error;
    }
    return host;
  }

  /** The agent first, so that it does not take the end of the containers for the jobs' own. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.agent.stop();
    await this.docker.stop();
  }

  /** As a Spot reclaim without notice: agent, containers and engine are gone at once. */
  async kill(): Promise<void> {
    this.stopped = true;
    await this.agent.kill();
    await this.docker.kill();
  }

  /** Starts the engine again whenever it ends by itself. Never resolves; ends with {@link stop}. */
  async watchDocker(note: (line: string) => void): Promise<void> {
    for (let pause = 1; !this.stopped; pause = Math.min(pause * 2, 30)) {
      let why = await this.docker.failed();
      while (!this.stopped) {
        note(`Docker: ${why}. Starting it again in ${pause} s`);
        await sleep(pause * 1000);
        if (this.stopped) return;
        try {
          await this.docker.startAgain();
          note('Docker runs again; the containers it had are gone');
          break;
        } catch (error) {
          why = (error as Error).message;
          pause = Math.min(pause * 2, 30);
        }
      }
    }
  }

  private async importBusybox(archive: string): Promise<void> {
    if ((await this.docker.docker('image', 'ls', '--quiet', BUSYBOX_IMAGE)) !== '') return;
    if (!existsSync(archive)) writeBusyboxImage(archive);
    await this.docker.docker('load', '--quiet', '--input', archive);
  }
}
