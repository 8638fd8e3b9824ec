import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import {
  clusterDirectory,
  EmbeddedPostgresError,
  giveTo,
  postgresBinaries,
  type SystemUser,
  systemUser,
} from './postgres-files.js';

const USER = 'batchpoint';
const DATABASE = 'batchpoint';
/** "bpserver": held for as long as a server uses the cluster. */
const OWNER_LOCK = '7093007913912656242';
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
/** Nothing of ours: PGDATA, PGOPTIONS and the like would change what it does, and secrets have no business there. */
const ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
/** Linux's limit for the path of a unix socket, less the file's own name. */
const LONGEST_SOCKET_DIR = 90;

export interface EmbeddedPostgresOptions {
  dataDir: string;
  log: (message: string) => void;
  /** PostgreSQL ended while in use. */
  onExit?: (reason: string) => void;
}

/**
 * PostgreSQL of our own under the data directory. It outlives a server that was killed; the next one finds it there and
 * takes it over. A lock inside the database, which goes with its holder's connection, keeps two servers apart.
 */
export class EmbeddedPostgres {
  private constructor(
    /** For any PostgreSQL client. */
    readonly url: string,
    private readonly cluster: string,
    private readonly owner: pg.Client,
    private readonly state: { stopping: boolean },
  ) {}

  /** Throws {@link EmbeddedPostgresError}. */
  static async start({ dataDir, log, onExit = () => undefined }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const cluster = clusterDirectory(dataDir);
    const user = systemUser(cluster);
    const binaries = postgresBinaries(user);
    initialise(binaries, cluster, user, log);
    const state = { stopping: false };
    const deadline = Date.now() + START_TIMEOUT_MS;
    let started: Started | undefined;
    for (;;) {
      const socketDir = runningSocketDir(cluster);
      const client = socketDir === undefined ? undefined : await connect(socketDir, 'postgres');
      if (client !== undefined && socketDir !== undefined) {
        if (started === undefined) log('taking over the embedded PostgreSQL a killed server left running');
        await own(client, dataDir);
        await createDatabase(client);
        started?.child.on('exit', (code, signal) => {
          if (!state.stopping)
            onExit(`the embedded PostgreSQL ended (${signal ?? `code ${code}`}); see ${join(cluster, 'log')}`);
        });
        return new EmbeddedPostgres(urlOf(socketDir, DATABASE), cluster, client, state);
      }
      if (started?.child.exitCode !== null && started?.child.exitCode !== undefined) {
        // Another server may have started it at the same moment: then ours gives way and theirs is met on the next round.
        if (postmasterPid(cluster) === undefined)
          throw new EmbeddedPostgresError(`The embedded PostgreSQL did not start: ${started.output()}`);
        started = undefined;
      }
      if (started === undefined && postmasterPid(cluster) === undefined) started = launch(binaries, cluster, user);
      if (Date.now() > deadline) {
        throw new EmbeddedPostgresError(
          `The embedded PostgreSQL in ${cluster} did not answer within ${START_TIMEOUT_MS / 1000} s. ${started?.output() ?? ''}`,
        );
      }
      await sleep(25);
    }
  }

  /** Ends all sessions and shuts down (SIGINT: "fast"). Returns when the process is gone. */
  async stop(): Promise<void> {
    this.state.stopping = true;
    const pid = postmasterPid(this.cluster);
    this.owner.removeAllListeners('error').on('error', () => undefined);
    if (pid !== undefined) kill(pid, 'SIGINT');
    await this.owner.end().catch(() => undefined);
    const deadline = Date.now() + STOP_TIMEOUT_MS;
    while (pid !== undefined && isPostgres(pid)) {
      if (Date.now() > deadline) {
        kill(pid, 'SIGQUIT');
        throw new EmbeddedPostgresError(
          `The embedded PostgreSQL (process ${pid}) did not stop within ${STOP_TIMEOUT_MS / 1000} s and was told to abort; it recovers at the next start.`,
        );
      }
      await sleep(10);
    }
    rmSync(join(this.cluster, 'start.log'), { force: true });
    removeSocketDir(this.cluster);
  }
}

interface Started {
  child: ChildProcess;
  output: () => string;
}

/** Into a directory beside it first: an interrupted initdb leaves nothing that looks like a cluster. */
function initialise(
  binaries: string,
  cluster: string,
  user: SystemUser | undefined,
  log: (message: string) => void,
): void {
  const versionFile = join(cluster, 'PG_VERSION');
  if (existsSync(versionFile)) {
    const [ours, theirs] = [majorVersion(binaries), readFileSync(versionFile, 'utf8').trim()];
    if (ours !== theirs) {
      throw new EmbeddedPostgresError(
        `${cluster} was made by PostgreSQL ${theirs}, this build brings ${ours}: dump it with the older build and load it with this one, or set DATABASE_URL.`,
      );
    }
    return;
  }
  log(`making a PostgreSQL cluster in ${cluster}`);
  const partial = `${cluster}.new`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  giveTo(partial, user);
  const result = spawnSync(
    join(binaries, 'bin/initdb'),
    ['-D', partial, '-U', USER, '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-instructions'],
    { ...identity(user), env: ENVIRONMENT, cwd: '/', encoding: 'utf8' },
  );
  if (result.status !== 0) {
    rmSync(partial, { recursive: true, force: true });
    throw new EmbeddedPostgresError(
      `Cannot make a PostgreSQL cluster in ${cluster}: ${(result.stderr || result.error?.message || '').trim()}`,
    );
  }
  if (existsSync(cluster)) rmdirSync(cluster);
  renameSync(partial, cluster);
}

function majorVersion(binaries: string): string {
  const { stdout } = spawnSync(join(binaries, 'bin/postgres'), ['--version'], { encoding: 'utf8', cwd: '/' });
  return /(\d+)\./.exec(stdout)?.[1] ?? 'unknown';
}

/** In a session of its own: Ctrl-C is for the server, which stops PostgreSQL last. */
function launch(binaries: string, cluster: string, user: SystemUser | undefined): Started {
  const socketDir = socketDirectory(cluster, user);
  const logFile = join(cluster, 'start.log');
  const output = openSync(logFile, 'w');
  const settings = {
    listen_addresses: '',
    unix_socket_directories: socketDir,
    unix_socket_permissions: '0700',
    logging_collector: 'on',
    log_filename: 'postgresql-%a.log',
    log_truncate_on_rotation: 'on',
    log_rotation_age: '1d',
    max_connections: '150',
  };
  const child = spawn(
    join(binaries, 'bin/postgres'),
    ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...identity(user), env: ENVIRONMENT, cwd: '/', detached: true, stdio: ['ignore', output, output] },
  );
  closeSync(output);
  child.on('error', () => undefined);
  child.unref();
  return { child, output: () => tail(logFile) };
}

function identity(user: SystemUser | undefined): { uid?: number; gid?: number } {
  return user === undefined ? {} : { uid: user.uid, gid: user.gid };
}

function socketDirectory(cluster: string, user: SystemUser | undefined): string {
  if (cluster.length <= LONGEST_SOCKET_DIR) return cluster;
  const directory = shortSocketDir(cluster);
  mkdirSync(directory, { recursive: true });
  giveTo(directory, user);
  return directory;
}

function shortSocketDir(cluster: string): string {
  return `/tmp/batchpoint-pg-${createHash('sha256').update(cluster).digest('hex').slice(0, 16)}`;
}

function removeSocketDir(cluster: string): void {
  if (cluster.length > LONGEST_SOCKET_DIR) rmSync(shortSocketDir(cluster), { recursive: true, force: true });
}

/** Lines of postmaster.pid (PostgreSQL's miscadmin.h): 1 the process, 5 the socket directory. */
function pidFile(cluster: string): string[] {
  try {
    return readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

/**
 * The running postmaster of this cluster. A pid file whose process is gone, or is another program by now (after a reboot, or
 * in a new container), is removed: PostgreSQL itself would take that program for a postmaster.
 */
function postmasterPid(cluster: string): number | undefined {
  const pid = Number(pidFile(cluster)[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  if (isPostgres(pid)) return pid;
  rmSync(join(cluster, 'postmaster.pid'), { force: true });
  return undefined;
}

function runningSocketDir(cluster: string): string | undefined {
  return postmasterPid(cluster) === undefined ? undefined : pidFile(cluster)[4]?.trim() || undefined;
}

function isPostgres(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // A zombie is gone but for its parent's notice.
    return status.includes('(postgres)') && !/\) Z /.test(status);
  } catch {
    return false;
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Undefined while it does not take connections (starting, stopping, recovering). */
async function connect(socketDir: string, database: string): Promise<pg.Client | undefined> {
  const client = new pg.Client({ connectionString: urlOf(socketDir, database), application_name: 'batchpoint owner' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch {
    await client.end().catch(() => undefined);
    return undefined;
  }
}

async function own(client: pg.Client, dataDir: string): Promise<void> {
  // A killed holder's session takes a moment to notice.
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1::bigint) as mine', [
      OWNER_LOCK,
    ]);
    if (rows[0]!.mine) return;
    await sleep(50);
  }
  await client.end();
  throw new EmbeddedPostgresError(
    `Another Batchpoint server is using ${dataDir}. Stop it, or give this one its own BATCHPOINT_DATA_DIR, or run both on one PostgreSQL with DATABASE_URL.`,
  );
}

async function createDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
  if (rowCount === 0) await client.query(`create database ${DATABASE}`);
}

function urlOf(socketDir: string, database: string): string {
  return `postgres://${USER}@/${database}?host=${encodeURIComponent(socketDir)}`;
}

function tail(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').slice(-5).join(' ');
  } catch {
    return '';
  }
}
