import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { HostFinding } from '../../protocol/host-facts.js';
import { findInPath } from '../agent-settings.js';
import { rootLine, rootLineOf } from '../engines/criu-log.js';
import { error, ok, PREREQUISITES, tryTool, warning, type HostExamination } from './finding.js';
import { dirtyTracking } from './system.check.js';

/** Older ones cannot dump a process with an inet socket on kernels from 6.16 on (SO_PASSCRED), among other things. */
const GOOD_VERSION = [4, 2] as const;

/** CRIU is there, new enough, content with the kernel, and dumps a real process that holds a socket. */
export async function checkCriu({ criuDir }: HostExamination): Promise<HostFinding[]> {
  const env = {
    ...process.env,
    PATH: criuDir === '' ? process.env['PATH'] : `${criuDir}${delimiter}${process.env['PATH'] ?? ''}`,
  };
  const criu = findInPath('criu', env);
  if (criu === null) {
    const where = criuDir === '' ? '' : ` (looked in BATCHPOINT_CRIU_DIR=${criuDir} too)`;
    return [
      error(
        'criu',
        `CRIU is not installed${where}`,
        `${PREREQUISITES}; it brings CRIU 4.2.1 where the distribution's own does not work`,
      ),
    ];
  }
  const version = /Version:\s*(\S+)/.exec((await tryTool(criu, ['--version'], env)).output)?.[1];
  if (version === undefined) return [error('criu', `${criu} does not run`, PREREQUISITES)];
  const findings = [versionFinding(criu, version)];
  if (process.getuid?.() !== 0) return findings;

  const check = await tryTool(criu, ['check'], env);
  if (check.ok) findings.push(ok('criu-check', '`criu check`: looks good'));
  else
    findings.push(
      error(
        'criu-check',
        `\`criu check\` fails: ${rootLine(check.output) ?? check.output.split('\n').at(-1)}`,
        `${PREREQUISITES}, or boot a kernel CRIU supports`,
      ),
    );
  findings.push(await trialDump(criu, env));
  findings.push(dirtyTracking((await tryTool(criu, ['check', '--feature', 'mem_dirty_track'], env)).ok));
  return findings;
}

function versionFinding(criu: string, version: string): HostFinding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const good = major > GOOD_VERSION[0] || (major === GOOD_VERSION[0] && minor >= GOOD_VERSION[1]);
  if (good) return ok('criu', `CRIU ${version} (${criu})`);
  return warning(
    'criu',
    `CRIU ${version} (${criu}) is older than ${GOOD_VERSION.join('.')}: newer kernels are beyond it`,
    PREREQUISITES,
  );
}

async function trialDump(criu: string, env: NodeJS.ProcessEnv): Promise<HostFinding> {
  const work = mkdtempSync(join(tmpdir(), 'batchpoint-doctor-'));
  const holder = await socketHolder();
  try {
    const image = join(work, 'image');
    mkdirSync(image);
    const args = [
      'dump',
      '--tree',
      String(holder.pid),
      '--images-dir',
      image,
      '--log-file',
      'dump.log',
      '--tcp-established',
      '-v4',
    ];
    const begun = performance.now();
    const dump = await tryTool(criu, args, env, 30_000);
    if (dump.ok)
      return ok(
        'criu-trial',
        `a process with a socket was dumped in ${((performance.now() - begun) / 1000).toFixed(2)} s`,
      );
    const reason = (await rootLineOf(join(image, 'dump.log'))) ?? dump.output.split('\n').at(-1);
    return error(
      'criu-trial',
      `a trial dump of a process with a socket fails: ${reason}`,
      `${PREREQUISITES}; it finds a CRIU that works with this kernel`,
    );
  } finally {
    holder.kill('SIGKILL');
    rmSync(work, { recursive: true, force: true });
  }
}

/** A process that holds a listening socket, which is ours made over to it: Node itself uses io_uring, which CRIU cannot dump. */
async function socketHolder(): Promise<ChildProcess> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  const holder = spawn('sleep', ['60'], { detached: true, stdio: ['ignore', 'ignore', 'ignore', fd] });
  await once(holder, 'spawn');
  server.close();
  return holder;
}
