import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { killCgroup, removeCgroup } from './cgroup-tree.js';
import { isAlive, processesNaming, signal, waitForExit } from './processes.js';

const run = promisify(execFile);

/** What the engine puts into its run directory; made anew at each start. */
const RUN_FILES = [
  'exec',
  'dockerd.pid',
  'docker.sock',
  'containerd.sock',
  'daemon.json',
  'containerd.toml',
  'docker-config',
];

export interface PrivateDockerOptions {
  /** Images, containers and logs; kept between starts. */
  dataDir: string;
  /** Sockets and run-time state. Keep it short: a unix socket's path ends at 108 bytes. */
  runDir: string;
  /** Every container's cgroup lies below this one, so that none can be missed when the engine goes. */
  cgroup: string;
  /** Further OCI runtimes: name -> program. */
  runtimes: Record<string, string>;
  /** More of dockerd's configuration file, such as `default-runtime`. */
  daemonSettings?: Record<string, unknown>;
  /** A command and its arguments put before those of the daemons, such as `nsenter`, to run them in other namespaces. */
  enter?: readonly string[];
}

export class PrivateDockerError extends Error {
  override readonly name = 'PrivateDockerError';
}

/**
 * A Docker Engine of our own beside the machine's: own containerd, images, sockets and cgroup, no bridge and no firewall
 * rules, so that nothing of the user's Docker is touched or needed. Containers have loopback only, or `--network host`.
 */
export class PrivateDocker {
  readonly socket: string;
  /** The `--root` runc is called with. */
  readonly runcRoot: string;
  private daemons: { containerd: ChildProcess | null; dockerd: ChildProcess | null } = {
    containerd: null,
    dockerd: null,
  };

  private constructor(private readonly options: PrivateDockerOptions) {
    this.socket = join(options.runDir, 'docker.sock');
    this.runcRoot = join(options.runDir, 'exec', 'runtime-runc', 'moby');
  }

  /** Leaves nothing running when it throws. An engine of an earlier, killed process with the same directories is replaced. */
  static async start(options: PrivateDockerOptions): Promise<PrivateDocker> {
    const engine = new PrivateDocker(options);
    await engine.startAgain();
    return engine;
  }

  /** After it {@link failed}, or after {@link kill}. Its containers are dead, as after a crash of any Docker Engine. */
  async startAgain(): Promise<void> {
    await this.kill();
    try {
      await this.startDaemons();
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  get dockerdPid(): number {
    return Number(readFileSync(join(this.options.runDir, 'dockerd.pid'), 'utf8'));
  }

  /** Resolves when the engine has ended by itself, with the reason; never after {@link stop} or {@link kill}. */
  async failed(): Promise<string> {
    return new Promise((resolve) => {
      for (const name of ['containerd', 'dockerd'] as const) {
        this.daemons[name]?.once('exit', (code, signalName) => {
          if (this.daemons[name] !== null)
            resolve(`${name} ended (${signalName ?? `exit code ${code}`})${this.lastError(name)}`);
        });
      }
    });
  }

  /** The docker command line on this engine; throws with what it wrote to stderr. */
  async docker(...args: string[]): Promise<string> {
    const env = {
      ...process.env,
      DOCKER_HOST: `unix://${this.socket}`,
      DOCKER_CONFIG: join(this.options.runDir, 'docker-config'),
    };
    const { stdout } = await run('docker', args, { env, maxBuffer: 256 * 1024 * 1024 });
    return stdout;
  }

  /** Containers are stopped as `docker stop` does; then the daemons end. */
  async stop(): Promise<void> {
    const { dockerd } = this.daemons;
    this.daemons.dockerd = null;
    if (dockerd?.pid !== undefined && isAlive(dockerd.pid)) {
      const pid = this.dockerdPid;
      signal(pid, 'SIGTERM');
      await waitForExit([pid], 20_000);
    }
    await this.kill();
  }

  /** Everything at once, without a word, as when the machine loses power; then whatever it left in the kernel is removed. */
  async kill(): Promise<void> {
    const { runDir, dataDir, cgroup } = this.options;
    this.daemons = { containerd: null, dockerd: null };
    for (const name of [join(runDir, 'dockerd.pid'), join(runDir, 'exec')]) {
      const daemons = processesNaming(name);
      for (const pid of daemons) signal(pid, 'SIGKILL');
    }
    await killCgroup(cgroup);
    const left = processesNaming(runDir);
    for (const pid of left) signal(pid, 'SIGKILL');
    if (!(await waitForExit(left, 10_000)))
      throw new PrivateDockerError(`daemons of ${runDir} do not die: ${left.join(', ')}`);
    await removeCgroup(cgroup);
    this.removeShimSockets();
    for (const directory of [runDir, dataDir]) await unmountBelow(directory);
    for (const name of RUN_FILES) rmSync(join(runDir, name), { recursive: true, force: true });
    // Others may keep files of theirs there.
    if (existsSync(runDir) && readdirSync(runDir).length === 0) rmdirSync(runDir);
  }

  private async startDaemons(): Promise<void> {
    const { dataDir, runDir, cgroup, runtimes, daemonSettings } = this.options;
    for (const directory of [dataDir, runDir, join(runDir, 'docker-config')])
      mkdirSync(directory, { recursive: true, mode: 0o711 });
    const exec = join(runDir, 'exec');
    const containerdSocket = join(exec, 'containerd.sock');
    const containerdConfig = join(runDir, 'containerd.toml');
    // The `opt` plugin would write to /opt/containerd, `cri` is Kubernetes'.
    writeFileSync(
      containerdConfig,
      'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]\n',
    );
    this.daemons.containerd = this.spawnDaemon('containerd', [
      '--config', containerdConfig,
      '--root', join(dataDir, 'containerd'),
      '--state', join(exec, 'containerd'),
      '--address', containerdSocket,
    ]); // prettier-ignore
    await this.until('containerd', () => existsSync(containerdSocket), 30_000);

    const dockerConfig = join(runDir, 'daemon.json');
    const runtimeEntries = Object.entries(runtimes).map(([name, path]) => [name, { path }]);
    writeFileSync(
      dockerConfig,
      JSON.stringify({ ...daemonSettings, runtimes: Object.fromEntries(runtimeEntries) }, null, 2),
    );
    this.daemons.dockerd = this.spawnDaemon('dockerd', [
      '--config-file', dockerConfig,
      '--data-root', join(dataDir, 'docker'),
      '--exec-root', exec,
      '--pidfile', join(runDir, 'dockerd.pid'),
      '--host', `unix://${this.socket}`,
      '--containerd', containerdSocket,
      '--storage-driver', 'overlay2',
      '--exec-opt', 'native.cgroupdriver=cgroupfs',
      '--cgroup-parent', `/${cgroup}`,
      '--bridge', 'none',
      '--iptables=false',
      '--shutdown-timeout', '5',
    ]); // prettier-ignore
    await this.until('dockerd', () => this.answers(), 60_000);
  }

  private spawnDaemon(program: string, args: string[]): ChildProcess {
    const log = openSync(join(this.options.dataDir, `${program}.log`), 'w');
    const [command, ...rest] = [...(this.options.enter ?? []), program, ...args];
    try {
      // A session of its own: Ctrl-C in the terminal is for us to pass on, in order.
      return spawn(command!, rest, { detached: true, stdio: ['ignore', log, log] }).on('error', () => undefined);
    } finally {
      closeSync(log);
    }
  }

  private async until(
    daemon: 'containerd' | 'dockerd',
    ready: () => boolean | Promise<boolean>,
    milliseconds: number,
  ): Promise<void> {
    const deadline = Date.now() + milliseconds;
    while (!(await ready())) {
      const child = this.daemons[daemon];
      if (!child?.pid || child.exitCode !== null || child.signalCode !== null) {
        throw new PrivateDockerError(`${daemon} did not start${this.lastError(daemon)}`);
      }
      if (Date.now() > deadline)
        throw new PrivateDockerError(`${daemon} was not ready after ${milliseconds / 1000} s${this.lastError(daemon)}`);
      await sleep(50);
    }
  }

  private async answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const ping = request({ socketPath: this.socket, path: '/_ping' }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      ping.on('error', () => resolve(false));
      ping.end();
    });
  }

  private lastError(daemon: string): string {
    const path = join(this.options.dataDir, `${daemon}.log`);
    const lines = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
    const line = lines.findLast((text) => /level=(error|fatal)|^failed|^unable/.test(text)) ?? lines.at(-1);
    return line ? `: ${line} (log: ${path})` : ` (log: ${path})`;
  }

  /** containerd-shim's sockets lie outside our directories; each bundle says where. */
  private removeShimSockets(): void {
    const tasks = join(this.options.runDir, 'exec', 'containerd', 'io.containerd.runtime.v2.task', 'moby');
    for (const id of existsSync(tasks) ? readdirSync(tasks) : []) {
      const file = join(tasks, id, 'address');
      const address = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
      if (address.startsWith('unix:///')) rmSync(address.slice('unix://'.length), { force: true });
    }
  }
}

/** Innermost first. */
export async function unmountBelow(directory: string): Promise<void> {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((path) => path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))))
    .filter((path) => path.startsWith(`${directory}/`));
  for (const path of points.reverse()) await run('umount', ['--lazy', path]).catch(() => undefined);
}
