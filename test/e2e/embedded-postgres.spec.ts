import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '../../src/server/database/embedded-postgres.js';
import { installedPackage, postgresBinaries, systemUser } from '../../src/server/database/postgres-files.js';
import { describeNeeding } from '../support/requires.js';
import { ServerProcess } from '../support/server-process.js';

describe('Embedded PostgreSQL', () => {
  let root: string;
  const servers: ServerProcess[] = [];
  const clusters: EmbeddedPostgres[] = [];
  beforeEach(() => {
    root = mkdtempSync('/tmp/bp-epg-');
    chmodSync(root, 0o755);
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop('SIGKILL');
    for (const cluster of clusters.splice(0)) await cluster.stop().catch(() => undefined);
    const pid = postmaster(join(root, 'data'));
    if (pid !== undefined) process.kill(pid, 'SIGQUIT');
    rmSync(root, { recursive: true, force: true });
  });

  function postmaster(dataDir: string): number | undefined {
    const file = join(dataDir, 'postgres/postmaster.pid');
    return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined;
  }
  /** A process whose parent was killed may stay a zombie until init notices. */
  function isGone(pid: number): boolean {
    try {
      return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return true;
    }
  }
  async function start(dataDir = join(root, 'data')): Promise<EmbeddedPostgres> {
    const cluster = await EmbeddedPostgres.start({ dataDir, log: () => undefined });
    clusters.push(cluster);
    return cluster;
  }
  async function query(url: string, sql: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query(sql)).rows as unknown[];
    } finally {
      await client.end();
    }
  }
  function run(dataDir: string): ServerProcess {
    const server = new ServerProcess(['server', '--port', '0', '--data-dir', dataDir]);
    servers.push(server);
    return server;
  }

  it('starts, keeps its data over a clean stop, and leaves no process', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    const pid = postmaster(join(root, 'data'))!;
    await first.stop();
    expect(isGone(pid)).toBe(true);
    expect(postmaster(join(root, 'data'))).toBeUndefined();
    const second = await start();
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('is private: no network port, and a socket only its user can reach', async () => {
    await start();
    const cluster = join(root, 'data/postgres');
    expect(statSync(cluster).mode & 0o077).toBe(0);
    const { url } = clusters[0]!;
    expect(await query(url, `select setting from pg_settings where name = 'listen_addresses'`)).toEqual([
      { setting: '' },
    ]);
  });

  it('is taken over by the next server after kill -9, with everything that was committed', async () => {
    const dataDir = join(root, 'data');
    const first = run(dataDir);
    const url = await first.listening();
    const headers = { authorization: `Bearer ${first.adminToken}`, 'content-type': 'application/json' };
    const patch = await fetch(`${url}/api/v1/settings`, { method: 'PATCH', headers, body: '{"policy":{"keep":9}}' });
    expect(patch.status).toBe(200);
    const pid = postmaster(dataDir);
    await first.stop('SIGKILL');
    expect(postmaster(dataDir)).toBe(pid);

    const second = run(dataDir);
    const settings = await fetch(`${await second.listening()}/api/v1/settings`, { headers });
    expect(await settings.json()).toMatchObject({ policy: { keep: 9 } });
    expect(second.stdout).toContain('taking over');
    expect(postmaster(dataDir)).toBe(pid);
    expect(await second.stop()).toEqual({ code: 0, signal: null });
    expect(isGone(pid!)).toBe(true);
  });

  it('recovers when PostgreSQL itself was killed too', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 1 as one');
    const pid = postmaster(join(root, 'data'))!;
    process.kill(pid, 'SIGKILL');
    clusters.splice(0);
    while (!isGone(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
    const second = await start();
    expect(await query(second.url, 'select one from kept')).toEqual([{ one: 1 }]);
  });

  it('refuses a second server on the same data directory, and the first goes on', async () => {
    const first = await start();
    await expect(start()).rejects.toThrow(/Another Batchpoint server is using/);
    expect(await query(first.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('lets one of two servers that start together win', async () => {
    const outcomes = await Promise.allSettled([start(), start()]);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('brings a key for secrets with it, made once, outside of the database', async () => {
    const keys: string[] = [];
    for (const _ of [1, 2]) {
      const server = run(join(root, 'data'));
      await server.listening();
      const file = join(root, 'data/secret-key');
      expect(statSync(file).mode & 0o777).toBe(0o600);
      keys.push(readFileSync(file, 'utf8'));
      await server.stop();
      expect(server.stdout + server.stderr).not.toContain(keys[0]!.trim());
    }
    expect(keys[1]).toBe(keys[0]);
  });

  it('ends the server when PostgreSQL ends under it', async () => {
    const dataDir = join(root, 'data');
    const server = run(dataDir);
    await server.listening();
    process.kill(postmaster(dataDir)!, 'SIGINT');
    expect((await server.exited).code).toBe(1);
    expect(server.stdout).toContain('the embedded PostgreSQL ended');
  });

  it('is not fooled by the pid file of a process that is another program by now', async () => {
    const first = await start();
    const file = join(root, 'data/postgres/postmaster.pid');
    const lines = readFileSync(file, 'utf8').split('\n');
    await first.stop();
    writeFileSync(file, [String(process.pid), ...lines.slice(1)].join('\n'), { mode: 0o600 });
    const second = await start();
    expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('starts over when a first start was interrupted halfway', async () => {
    const partial = join(root, 'data/postgres.new/base');
    mkdirSync(partial, { recursive: true });
    writeFileSync(join(partial, 'half'), '');
    await start();
    expect(existsSync(join(root, 'data/postgres.new'))).toBe(false);
  });

  it('refuses the cluster of another version', async () => {
    await (await start()).stop();
    writeFileSync(join(root, 'data/postgres/PG_VERSION'), '12\n');
    await expect(start()).rejects.toThrow(/made by PostgreSQL 12/);
  });

  it("works in a directory whose path is longer than a socket's may be", async () => {
    const long = join(root, 'a'.repeat(60), 'b'.repeat(60));
    const cluster = await start(long);
    expect(await query(cluster.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await cluster.stop();
  });

  // Everyone else's simply runs as the user itself.
  describeNeeding(['linux', 'root'], 'started by root', () => {
    it('runs as a system user', async () => {
      await start();
      const status = readFileSync(`/proc/${postmaster(join(root, 'data'))}/status`, 'utf8');
      expect(/^Uid:\s+(\d+)/m.exec(status)![1]).not.toBe('0');
    });

    it('finds a place for its data when the data directory is private to root', async () => {
      const home = join(root, 'home');
      mkdirSync(home, { mode: 0o700 });
      const dataDir = join(home, 'data');
      const cluster = await start(dataDir);
      expect(lstatSync(join(dataDir, 'postgres')).isSymbolicLink()).toBe(true);
      const elsewhere = readlinkSync(join(dataDir, 'postgres'));
      await query(cluster.url, 'create table kept as select 1 as one');
      await cluster.stop();
      const again = await start(dataDir);
      expect(await query(again.url, 'select one from kept')).toEqual([{ one: 1 }]);
      await again.stop();
      rmSync(elsewhere, { recursive: true, force: true });
    });

    it('works when its binaries are private to root and their links are missing', async () => {
      const home = join(root, 'home');
      mkdirSync(home, { mode: 0o700 });
      const copy = join(home, 'package');
      execFileSync('cp', ['-a', installedPackage(), copy]);
      execFileSync('find', [join(copy, 'native/lib'), '-type', 'l', '-delete']);
      const binaries = postgresBinaries(systemUser(join(root, 'none')), copy, join(root, 'shared'));
      expect(binaries.startsWith(join(root, 'shared'))).toBe(true);
      const { status, stdout } = spawnSync(join(binaries, 'bin/postgres'), ['--version'], { encoding: 'utf8' });
      expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('PostgreSQL') });
    });
  });
});
