import { mkdirSync, rmSync, writeFileSync, chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { writeBusyboxImage, BUSYBOX_IMAGE } from '../../src/standalone/image-archive.js';
import { killCgroup } from '../../src/standalone/cgroup-tree.js';
import { examineMachine } from '../../src/standalone/machine.js';
import { PrivateDocker } from '../../src/standalone/private-docker.js';
import { HOSTS_DIR, kernelName, RUN_VARIABLE } from './leftovers.js';
import { TestNetwork } from './test-network.js';

export interface TestHostOptions {
  /** For messages only. */
  name?: string;
  /** Give the host an IPv4 address and network namespace of its own; processes of the host run behind `enter`. */
  ownNetwork?: boolean;
  /** More of dockerd's configuration, such as `default-runtime`. */
  daemonSettings?: Record<string, unknown>;
}

let criuDir: string | undefined;

/**
 * A host of our own on this machine: Docker Engine, runtime `batchpoint`, state directory. Each is stopped by `stop()`,
 * or at the latest after the last test of the file; the run fails when anything of it is left (leftovers.ts).
 */
export class TestHost {
  private static readonly running = new Set<TestHost>();
  private static count = 0;

  readonly image = BUSYBOX_IMAGE;
  readonly stateDir: string;
  /** What `--runtime batchpoint` runs. Until something is installed there it is a plain `exec runc "$@"`. */
  readonly shim: string;

  private constructor(
    readonly name: string,
    readonly dir: string,
    readonly criuDir: string,
    private readonly cgroup: string,
    readonly network: TestNetwork | null,
    private readonly engine: PrivateDocker,
    /** Docker's API. */
    readonly api: Docker,
  ) {
    this.stateDir = join(dir, 'state');
    this.shim = join(this.stateDir, 'bin', 'batchpoint-runc');
  }

  static async start(options: TestHostOptions = {}): Promise<TestHost> {
    const run = testRun();
    this.count += 1;
    const id = `${run}.${process.pid.toString(36)}${this.count.toString(36)}`;
    const dir = join(HOSTS_DIR, id);
    const shim = join(dir, 'state', 'bin', 'batchpoint-runc');
    mkdirSync(join(dir, 'state', 'bin'), { recursive: true });
    writeFileSync(shim, '#!/bin/sh\nexec runc "$@"\n');
    chmodSync(shim, 0o755);
    const network = options.ownNetwork ? await TestNetwork.join(run) : null;
    const cgroup = `${kernelName(run)}${id.slice(run.length + 1)}`;
    const engine = await PrivateDocker.start({
      dataDir: join(dir, 'data'),
      runDir: dir,
      cgroup,
      runtimes: { batchpoint: shim },
      daemonSettings: options.daemonSettings,
      enter: network?.enter,
    }).catch(async (error: unknown) => {
      await network?.leave();
      throw error;
    });
    const api = new Docker({ socketPath: engine.socket });
    const host = new TestHost(options.name ?? id, dir, (criuDir ??= findCriuDir()), cgroup, network, engine, api);
    this.running.add(host);
    await engine.docker('load', '--quiet', '--input', busyboxArchive(run));
    return host;
  }

  static async stopAll(): Promise<void> {
    for (const host of [...this.running]) await host.stop();
    await TestNetwork.removeBridge();
  }

  get dockerSocket(): string {
    return this.engine.socket;
  }

  get runcRoot(): string {
    return this.engine.runcRoot;
  }

  /** Prefix for commands that are to run on this host; empty unless it has its own network. */
  get enter(): string[] {
    return this.network?.enter ?? [];
  }

  /** Settings of an agent on this host, but for the server's address and the join token. */
  get agentEnvironment(): Record<string, string> {
    return {
      BATCHPOINT_STATE_DIR: this.stateDir,
      BATCHPOINT_DOCKER_SOCKET: this.dockerSocket,
      BATCHPOINT_CRIU_DIR: this.criuDir,
    };
  }

  /** The docker command line; resolves to its stdout without the final newline. */
  async docker(...args: string[]): Promise<string> {
    return (await this.engine.docker(...args)).replace(/\n$/, '');
  }

  /** SIGKILL to all processes of one container, frozen or not, behind Docker's back. */
  async killContainerHard(containerId: string): Promise<void> {
    const { Id } = await this.api.getContainer(containerId).inspect();
    await killCgroup(join(this.cgroup, Id));
  }

  /** The whole host at once, as when its power goes: engine and containers. Agents are processes of the test. */
  async killHard(): Promise<void> {
    await this.engine.kill();
  }

  /** Leaves no process, mount, cgroup, namespace or file. May be called again, and after {@link killHard}. */
  async stop(): Promise<void> {
    if (!TestHost.running.delete(this)) return;
    await this.engine.kill();
    await this.network?.leave();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Set by the global set-up; a file run without it (an editor's runner) is a run of its own. */
function testRun(): string {
  return (process.env[RUN_VARIABLE] ??= process.pid.toString(36));
}

function findCriuDir(): string {
  const machine = examineMachine();
  if (!machine.capable) throw new Error(`this machine cannot run an agent: ${machine.missing.join('; ')}`);
  return machine.criuDir;
}

/** Made once a run: the same image on every host. */
function busyboxArchive(run: string): string {
  const archive = join(HOSTS_DIR, `${run}.image`, 'busybox.tar');
  if (!existsSync(archive)) {
    mkdirSync(join(HOSTS_DIR, `${run}.image`), { recursive: true });
    writeBusyboxImage(archive);
  }
  return archive;
}
