/**
 * The Node that goes into the agent's executable: the packages of the lock file, whatever machine this is. Fetched with npm
 * where `npm ci` did not install it (it installs this machine's only), checked against the lock file, and kept in .cache.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const cache = join(root, '.cache', 'node');

/** Path of the `node` of Linux on that architecture (`x64` or `arm64`). */
export function nodeBinary(arch) {
  const name = `node-linux-${arch}`;
  const installed = join(root, 'node_modules', name, 'bin', 'node');
  if (existsSync(installed)) return installed;
  const { version, integrity } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages[
    `node_modules/${name}`
  ];
  const kept = join(cache, `${name}-${version}`);
  if (!existsSync(kept)) fetch(`${name}@${version}`, integrity, kept);
  return kept;
}

function fetch(spec, integrity, target) {
  console.error(`fetching ${spec} ...`);
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'fetch-'));
  try {
    execFileSync('npm', ['pack', spec, '--silent', '--pack-destination', work], {
      cwd: work,
      stdio: ['ignore', 'pipe', 2],
    });
    const archive = join(work, `${spec.replace('@', '-')}.tgz`);
    const [algorithm, expected] = splitOnce(integrity, '-');
    const actual = createHash(algorithm).update(readFileSync(archive)).digest('base64');
    if (actual !== expected) throw new Error(`${spec} is not what package-lock.json names: ${algorithm}-${actual}`);
    execFileSync('tar', ['-xzf', archive, '-C', work, 'package/bin/node']);
    renameSync(join(work, 'package/bin/node'), target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function splitOnce(text, separator) {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}
