import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';

/** Explains why there can be no embedded PostgreSQL and what to do instead. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

/** Whom PostgreSQL runs as: it refuses root. Undefined: as we do. */
export interface SystemUser {
  name: string;
  uid: number;
  gid: number;
}

/** Root-owned and open to all to pass through: where things go that a system user could not reach below a private directory. */
const SHARED_ROOT = '/var/lib/batchpoint/embedded-postgres';

/** The owner of an existing cluster; otherwise `postgres` where there is one; otherwise `nobody`. */
export function systemUser(cluster: string): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]): SystemUser => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter((user) => user.uid > 0);
  const owner = existsSync(cluster) ? statSync(cluster).uid : 0;
  const found =
    users.find((user) => user.uid === owner) ??
    users.find((user) => user.name === 'postgres') ??
    users.find((user) => user.name === 'nobody');
  if (found === undefined) {
    throw new EmbeddedPostgresError(
      'PostgreSQL refuses to run as root, and there is no user "postgres" or "nobody" to run it as; run the server as another user or set DATABASE_URL.',
    );
  }
  return found;
}

/** The installed package with PostgreSQL for this machine. */
export function installedPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for this machine (the package ${name} is not installed); set DATABASE_URL to a PostgreSQL server of your own.`,
    );
  }
}

/** The directory that holds `bin/postgres`, complete and reachable for `user`: the package's, or a copy below `sharedRoot`. */
export function postgresBinaries(
  user: SystemUser | undefined,
  packageDir = installedPackage(),
  sharedRoot = SHARED_ROOT,
): string {
  if (user === undefined || canRun(join(packageDir, 'native'), user)) {
    link(packageDir);
    return join(packageDir, 'native');
  }
  const { version } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as { version: string };
  const copy = join(sharedRoot, `postgres-${version}`);
  if (!existsSync(copy)) {
    mkdirSync(sharedRoot, { recursive: true, mode: 0o755 });
    const partial = `${copy}.${process.pid}`;
    cpSync(packageDir, partial, { recursive: true, verbatimSymlinks: true });
    link(partial);
    spawnSync('chmod', ['-R', 'a+rX', partial]);
    // Whoever renames first wins; the copies are the same.
    if (existsSync(copy)) rmSync(partial, { recursive: true, force: true });
    else renameSync(partial, copy);
  }
  if (!canRun(join(copy, 'native'), user)) {
    throw new EmbeddedPostgresError(
      `The user ${user.name} cannot run ${copy}/native/bin/postgres; set DATABASE_URL to a PostgreSQL server of your own.`,
    );
  }
  return join(copy, 'native');
}

function canRun(native: string, { uid, gid }: SystemUser): boolean {
  const result = spawnSync(join(native, 'bin/postgres'), ['--version'], { uid, gid, cwd: '/', stdio: 'ignore' });
  // Without its libraries' links it starts and fails in the loader: reachable all the same.
  return result.error === undefined;
}

/** npm packages hold no symbolic links; the package's install script makes them, unless npm was told to run none. */
function link(packageDir: string): void {
  const list = join(packageDir, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const path = join(packageDir, target);
    if (lstatSync(path, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(relative(dirname(path), join(packageDir, source)), path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw new EmbeddedPostgresError(
        `Cannot complete the embedded PostgreSQL (${path}): ${(error as Error).message}. Run npm ci without --ignore-scripts, or set DATABASE_URL.`,
      );
    }
  }
}

/**
 * Where the cluster lives: `<dataDir>/postgres`. When the user PostgreSQL runs as cannot get there (a private directory such
 * as root's home is on the way), it lives under /var/lib/batchpoint and `<dataDir>/postgres` is a link to it.
 */
export function clusterDirectory(dataDir: string): string {
  const wanted = join(resolve(dataDir), 'postgres');
  const entry = lstatSync(wanted, { throwIfNoEntry: false });
  if (entry?.isSymbolicLink()) return readlinkSync(wanted);
  mkdirSync(dirname(wanted), { recursive: true });
  const user = systemUser(wanted);
  if (user === undefined || canEnter(dirname(wanted), user)) return wanted;
  if (entry !== undefined) {
    throw new EmbeddedPostgresError(
      `The user ${user.name} cannot reach ${wanted}: a directory above it is private. Make it passable (chmod o+x), or move the data directory.`,
    );
  }
  const elsewhere = join(SHARED_ROOT, 'clusters', createHash('sha256').update(wanted).digest('hex').slice(0, 16));
  mkdirSync(elsewhere, { recursive: true, mode: 0o755 });
  symlinkSync(elsewhere, wanted);
  return elsewhere;
}

function canEnter(directory: string, { uid, gid }: SystemUser): boolean {
  return spawnSync('test', ['-x', directory], { uid, gid, cwd: '/' }).status === 0;
}

export function giveTo(path: string, user: SystemUser | undefined): void {
  chmodSync(path, 0o700);
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}
