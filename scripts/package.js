/**
 * `npm run package [-- x64|arm64]`: the agent as self-contained executables for Linux, `dist/agent/batchpoint-linux-<arch>`
 * with `.sha256` beside each. The server hands them to new hosts. Does nothing for those that are newer than every source.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bundleAgent } from './packaging/bundle.js';
import { makeBlob, makeExecutable } from './packaging/executable.js';

const root = join(import.meta.dirname, '..');
const ARCHITECTURES = ['x64', 'arm64'];

const executableOf = (arch) => join(root, 'dist', 'agent', `batchpoint-linux-${arch}`);

function isStale(arch) {
  const made = `${executableOf(arch)}.sha256`;
  if (!existsSync(executableOf(arch)) || !existsSync(made)) return true;
  const files = (folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((name) => join(root, folder, name));
  // Directories too: theirs changes when a file is removed.
  const inputs = ['src/agent', 'src/protocol', 'src/runtime', 'scripts/packaging']
    .flatMap(files)
    .filter((path) => !path.endsWith('.spec.ts'));
  const changed = (path) => statSync(path).mtimeMs;
  return ['package.json', 'package-lock.json']
    .map((name) => join(root, name))
    .concat(inputs)
    .some((path) => changed(path) > changed(made));
}

/** Makes those of `architectures` that are missing or older than a source. */
export async function packageWhenStale(architectures = ARCHITECTURES) {
  const stale = architectures.filter(isStale);
  if (stale.length === 0) return;
  console.error(`Packaging the agent for ${stale.join(' and ')} ...`);
  mkdirSync(join(root, 'dist', 'agent'), { recursive: true });
  const work = mkdtempSync(join(root, 'dist', 'agent', '.work-'));
  try {
    const [bundle, blob] = [join(work, 'agent.cjs'), join(work, 'agent.blob')];
    await bundleAgent(bundle);
    makeBlob(bundle, blob);
    for (const arch of stale) makeExecutable(arch, blob, executableOf(arch));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  const asked = process.argv.slice(2);
  const unknown = asked.filter((arch) => !ARCHITECTURES.includes(arch));
  if (unknown.length > 0) {
    console.error(
      `usage: npm run package [-- ${ARCHITECTURES.join('|')}]; there is no architecture ${unknown.join(', ')}`,
    );
    process.exit(2);
  }
  const architectures = asked.length > 0 ? asked : ARCHITECTURES;
  await packageWhenStale(architectures);
  for (const arch of architectures) console.log(executableOf(arch));
}
