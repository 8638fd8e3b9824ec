import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { FailureError } from '../../protocol/failure.js';
import { overlayOf, parseMountInfo } from './mount-info.js';
import { runTool, type ToolCommand } from './tool-process.js';

/** Where overlayfs notes how an upper entry relates to this host's lower layers: meaningless, even harmful, elsewhere. */
const HOST_BOUND_XATTRS = [
  'trusted.overlay.origin',
  'trusted.overlay.impure',
  'trusted.overlay.nlink',
  'trusted.overlay.uuid',
];
const MEASURE_LIMIT_MS = 60_000;

/**
 * The directory that holds a container's changes to its root file system. `described` is what Docker says; without it
 * the container's own mount table tells. Throws `writable-layer-failed` when the root is no overlay.
 */
export async function upperDirectory(pid: number, described: string | null): Promise<string> {
  if (described !== null) return described;
  const mounts = parseMountInfo(await readFile(`/proc/${pid}/mountinfo`, 'utf8'));
  const upper = overlayOf(mounts, '/')?.upperDir;
  if (upper !== undefined && isAbsolute(upper)) return upper;
  const type = mounts.findLast((mount) => mount.mountPoint === '/')?.type ?? 'unknown';
  throw new FailureError({
    code: 'writable-layer-failed',
    message: `the container's writable layer cannot be found: its root is a mount of type ${type}`,
    remedy:
      "use Docker's overlay2 storage driver, or set the policy's writableLayer to false if the job writes only to mounts",
  });
}

/**
 * tar of the upper directory itself, whiteouts (character devices 0:0) and opaque marks (extended attributes) included:
 * unpacked into another upper directory it gives the same file system.
 */
export function captureLayer(upperDir: string, tarFile: string): ToolCommand {
  const args = [
    '--create',
    `--file=${tarFile}`,
    `--directory=${upperDir}`,
    '--sparse',
    '--numeric-owner',
    '--xattrs',
    '--xattrs-include=*',
  ];
  args.push(...HOST_BOUND_XATTRS.map((name) => `--xattrs-exclude=${name}`), '.');
  return { command: 'tar', args, env: toolEnvironment() };
}

/**
 * Bytes of the layer on disk, roughly what it takes as a tar. The job runs meanwhile: du says (and exits with 1) when a
 * file went away under it, and still gives the sum.
 */
export async function layerBytes(upperDir: string): Promise<number> {
  const result = await runTool(
    { command: 'du', args: ['-s', '-x', '--block-size=1', upperDir], env: toolEnvironment() },
    MEASURE_LIMIT_MS,
  );
  const bytes = Number(/^(\d+)\t/m.exec(result.output)?.[1]);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new FailureError({
    code: 'writable-layer-failed',
    message: `measuring the writable layer in ${upperDir} failed (${result.code ?? result.signal}): ${result.output.slice(-400)}`,
    remedy: "check Docker's data directory on this host",
  });
}

function toolEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
}
