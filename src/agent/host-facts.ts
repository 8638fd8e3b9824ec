import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { arch, cpus, hostname, release, totalmem } from 'node:os';
import { delimiter } from 'node:path';
import { promisify } from 'node:util';
import type { HostFacts } from '../protocol/host-facts.js';
import { gpuEngineParts, missingGpuParts } from './gpu/gpu-engine.js';
import { measureGpus } from './gpu/nvidia-smi.js';
import { instanceIdentity } from './instance-metadata.js';
import { productVersion } from './product-version.js';

const run = promisify(execFile);

/** Where the tools are that make up `software`. */
export interface HostTools {
  runc: string | null;
  criuDir: string;
  /** Version of the Docker Engine; null when it does not answer. */
  dockerVersion: () => Promise<string | null>;
}

/** Measures this machine. A tool that is missing or does not run within seconds is null, never an exception. */
export async function measureHostFacts(tools: HostTools): Promise<HostFacts> {
  const [criu, runc, docker, instance, { gpus, driver }] = await Promise.all([
    toolVersion('criu', ['--version'], /Version:\s*(\S+)/, tools.criuDir),
    tools.runc === null ? null : toolVersion(tools.runc, ['--version'], /runc version\s+(\S+)/),
    tools.dockerVersion(),
    instanceIdentity(),
    measureGpus(),
  ]);
  return {
    hostName: hostname(),
    architecture: { x64: 'x86_64', arm64: 'aarch64' }[arch() as string] ?? arch(),
    kernel: release(),
    cpu: cpuFacts(readOr('/proc/cpuinfo', ''), readAuxv()),
    memoryBytes: totalmem(),
    gpus,
    nvidiaDriver: driver,
    gpuCheckpoints: missingGpuParts(gpuEngineParts(tools.criuDir)).length === 0,
    cgroupVersion: cgroupVersion(),
    software: { batchpoint: productVersion(), criu, runc, docker },
    instance,
  };
}

/** 2 where the unified hierarchy is the one in use (it may also be mounted beside v1 as `unified`: that is 1). */
export function cgroupVersion(): 1 | 2 {
  return existsSync('/sys/fs/cgroup/cgroup.controllers') ? 2 : 1;
}

/** `text` is /proc/cpuinfo, `auxv` the raw auxiliary vector of a 64-bit little-endian process. */
export function cpuFacts(text: string, auxv: Buffer): HostFacts['cpu'] {
  const first = text.split('\n\n')[0] ?? '';
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}\\s*:\\s*(.*)$`, 'm').exec(first)?.[1]?.trim();
  const flags = (field('flags') ?? field('Features') ?? '').split(' ').filter((flag) => flag !== '');
  return {
    vendor: field('vendor_id') ?? field('CPU implementer') ?? 'unknown',
    model:
      field('model name') ??
      (field('CPU part') === undefined ? (cpus()[0]?.model ?? 'unknown') : `part ${field('CPU part')}`),
    cores: cpus().length,
    flags: flags.sort(),
    xsaveBytes: flags.includes('xsave') ? xsaveBytes(auxv) : null,
  };
}

const AT_MINSIGSTKSZ = 51n;
/** What a signal frame takes beside the extended state: ucontext, siginfo and alignment (arch/x86/kernel/signal.c). */
const SIGNAL_FRAME_FIXED_BYTES = 944;

/**
 * The kernel tells every process how large a signal frame can get (AT_MINSIGSTKSZ, Linux 5.14 and later); all of it but
 * a fixed part is the XSAVE area of this CPU, as the kernel set it up. Good to 16 bytes, and alike on every host.
 */
function xsaveBytes(auxv: Buffer): number | null {
  for (let offset = 0; offset + 16 <= auxv.length; offset += 16) {
    if (auxv.readBigUInt64LE(offset) !== AT_MINSIGSTKSZ) continue;
    const bytes = Number(auxv.readBigUInt64LE(offset + 8)) - SIGNAL_FRAME_FIXED_BYTES;
    return bytes > 0 ? bytes : null;
  }
  return null;
}

async function toolVersion(tool: string, args: string[], pattern: RegExp, firstInPath = ''): Promise<string | null> {
  const path = firstInPath === '' ? process.env['PATH'] : `${firstInPath}${delimiter}${process.env['PATH'] ?? ''}`;
  try {
    const { stdout } = await run(tool, args, { timeout: 10_000, env: { ...process.env, PATH: path } });
    return pattern.exec(stdout)?.[1] ?? null;
  } catch {
    return null;
  }
}

function readAuxv(): Buffer {
  try {
    return readFileSync('/proc/self/auxv');
  } catch {
    return Buffer.alloc(0);
  }
}

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return fallback;
  }
}
