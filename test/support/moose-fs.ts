import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { HOSTS_DIR, kernelName, RUN_VARIABLE } from './leftovers.js';

const run = promisify(execFile);
const PACKAGES = ['moosefs-master', 'moosefs-chunkserver', 'moosefs-client'];
const PROGRAMS = ['/usr/sbin/mfsmaster', '/usr/sbin/mfschunkserver', '/usr/bin/mfsmount'];
/** Only inside the network namespace; MooseFS refuses 127.0.0.1. */
const ADDRESS = '198.18.78.1';
const READY_MS = 20_000;

/** Installs MooseFS where it is missing, with Debian's package manager; says what it does. */
export function installMooseFs(): void {
  if (PROGRAMS.every(existsSync)) return;
  console.log(`installing ${PACKAGES.join(', ')} (a network file system for tests)`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '-q', '--no-install-recommends', ...PACKAGES];
  try {
    execFileSync('apt-get', install, { env, stdio: 'pipe' });
  } catch {
    execFileSync('apt-get', ['update', '-q'], { env, stdio: 'pipe' });
    execFileSync('apt-get', install, { env, stdio: 'pipe' });
  }
}

/**
 * A network file system, mounted twice as two hosts would: MooseFS (FUSE, with its own servers), standing in for EFS,
 * JuiceFS and NFS, which cannot run here. In a network namespace of its own.
 */
export class MooseFs {
  private readonly processes: ChildProcess[] = [];

  private constructor(
    private readonly dir: string,
    private readonly namespace: string,
    /** The same directory, seen through two clients. */
    readonly mounts: readonly [string, string],
  ) {}

  /** File-system type its mounts have in /proc/mounts. */
  static readonly type = 'fuse';

  static async start(): Promise<MooseFs> {
    installMooseFs();
    const testRun = (process.env[RUN_VARIABLE] ??= process.pid.toString(36));
    const dir = join(HOSTS_DIR, `${testRun}.mfs${process.pid.toString(36)}`);
    const moose = new MooseFs(dir, `${kernelName(testRun)}m${process.pid.toString(36)}`, [
      join(dir, 'm1'),
      join(dir, 'm2'),
    ]);
    try {
      await moose.startServers();
      for (const mount of moose.mounts) await moose.mount(mount);
      await moose.waitForSpace();
    } catch (error) {
      await moose.stop();
      throw error;
    }
    return moose;
  }

  /** Leaves no process, mount, namespace or file. */
  async stop(): Promise<void> {
    for (const mount of this.mounts) await run('umount', ['-l', mount]).catch(() => undefined);
    for (const child of this.processes.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    await run('ip', ['netns', 'delete', this.namespace]).catch(() => undefined);
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async startServers(): Promise<void> {
    for (const name of ['master', 'chunk', 'disk', 'm1', 'm2']) mkdirSync(join(this.dir, name), { recursive: true });
    await run('ip', ['netns', 'add', this.namespace]);
    await run('ip', ['-n', this.namespace, 'link', 'set', 'lo', 'up']);
    await run('ip', ['-n', this.namespace, 'address', 'add', `${ADDRESS}/32`, 'dev', 'lo']);
    const file = (name: string, lines: string[]): string => {
      writeFileSync(join(this.dir, name), `${lines.join('\n')}\n`);
      return join(this.dir, name);
    };
    const user = ['WORKING_USER = root', 'WORKING_GROUP = root'];
    writeFileSync(join(this.dir, 'master', 'metadata.mfs'), 'MFSM NEW');
    const master = file('master.cfg', [
      ...user,
      `DATA_PATH = ${this.dir}/master`,
      `EXPORTS_FILENAME = ${file('exports.cfg', ['* / rw,alldirs,maproot=0'])}`,
      `TOPOLOGY_FILENAME = ${file('topology.cfg', [])}`,
    ]);
    const chunk = file('chunk.cfg', [
      ...user,
      `DATA_PATH = ${this.dir}/chunk`,
      `HDD_CONF_FILENAME = ${file('disks.cfg', [`${this.dir}/disk`])}`,
      'HDD_LEAVE_SPACE_DEFAULT = 64MiB',
      `MASTER_HOST = ${ADDRESS}`,
    ]);
    this.launch('master', ['/usr/sbin/mfsmaster', '-f', '-c', master, 'start']);
    this.launch('chunk', ['/usr/sbin/mfschunkserver', '-f', '-c', chunk, 'start']);
  }

  private async mount(path: string): Promise<void> {
    const deadline = Date.now() + READY_MS;
    const mounted = (): boolean => readFileSync('/proc/mounts', 'utf8').includes(` ${path} fuse `);
    while (!mounted()) {
      const client = this.launch('client', ['/usr/bin/mfsmount', path, '-H', ADDRESS, '-f']);
      // It ends at once while the master does not listen yet.
      while (client.exitCode === null && !mounted() && Date.now() < deadline) await sleep(50);
      if (Date.now() > deadline) throw new Error(`MooseFS was not mounted in time: ${this.logs()}`);
    }
  }

  /** The chunk server tells the master of its space some time after it started. */
  private async waitForSpace(): Promise<void> {
    const deadline = Date.now() + READY_MS;
    for (;;) {
      const { stdout } = await run('df', ['--output=avail', this.mounts[0]]);
      if (Number(stdout.split('\n')[1]) > 0) break;
      if (Date.now() > deadline) throw new Error(`MooseFS has no space: ${this.logs()}`);
      await sleep(100);
    }
    // One copy of everything: there is one chunk server.
    await run('nsenter', [`--net=/run/netns/${this.namespace}`, 'mfssetgoal', '-r', '1', this.mounts[0]]);
  }

  private launch(name: string, command: string[]): ChildProcess {
    const log = openSync(join(this.dir, `${name}.log`), 'a');
    const child = spawn('nsenter', [`--net=/run/netns/${this.namespace}`, ...command], { stdio: ['ignore', log, log] });
    closeSync(log);
    this.processes.push(child);
    return child;
  }

  private logs(): string {
    return ['master', 'chunk', 'client']
      .map((name) => readFileSync(join(this.dir, `${name}.log`), 'utf8').slice(-500))
      .join('\n');
  }
}
