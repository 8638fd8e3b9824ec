import { existsSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { HostFinding } from '../../protocol/host-facts.js';
import { findInPath } from '../agent-settings.js';
import { formatBytes } from '../format-bytes.js';
import { cgroupVersion } from '../host-facts.js';
import { error, info, ok, PREREQUISITES, tryTool, warning, type HostExamination } from './finding.js';

/** False where nothing else needs to be looked at. */
export function checkPlatform(): { findings: HostFinding[]; usable: boolean } {
  if (process.platform !== 'linux') {
    const remedy = 'run the agent on a Linux host; the server runs here as it is';
    return {
      findings: [error('platform', `checkpoints are made of Linux containers; this is ${process.platform}`, remedy)],
      usable: false,
    };
  }
  const root = process.getuid?.() === 0;
  return {
    findings: [
      root
        ? ok('root', 'runs as root')
        : error(
            'root',
            'freezing and dumping containers needs root; checks that need it are left out',
            'run it as root (sudo)',
          ),
    ],
    usable: true,
  };
}

/** Kernel options that checkpoint and restore use, and what shows that they are there when the configuration cannot be read. */
const KERNEL_FEATURES: { option: string; probe: string }[] = [
  { option: 'CONFIG_CHECKPOINT_RESTORE', probe: '/proc/sys/kernel/ns_last_pid' },
  { option: 'CONFIG_NAMESPACES', probe: '/proc/self/ns' },
  { option: 'CONFIG_PID_NS', probe: '/proc/self/ns/pid' },
  { option: 'CONFIG_NET_NS', probe: '/proc/self/ns/net' },
  { option: 'CONFIG_UTS_NS', probe: '/proc/self/ns/uts' },
  { option: 'CONFIG_IPC_NS', probe: '/proc/self/ns/ipc' },
];

export function checkKernel(): HostFinding[] {
  const kernel = release();
  const [major = 0, minor = 0] = kernel.split('.').map(Number);
  const findings: HostFinding[] = [];
  if (major < 5 || (major === 5 && minor < 4)) {
    findings.push(
      warning(
        'kernel',
        `kernel ${kernel} is older than what Batchpoint is tested with (5.10 and later)`,
        'use a current AMI',
      ),
    );
  } else findings.push(ok('kernel', `kernel ${kernel}`));
  const config = kernelConfig(kernel);
  const missing = KERNEL_FEATURES.filter(({ option, probe }) =>
    config === null
      ? !existsSync(probe)
      : new RegExp(`^# ${option} is not set$`, 'm').test(config) || !new RegExp(`^${option}=`, 'm').test(config),
  ).map(({ option }) => option);
  const how = config === null ? 'probed' : 'from the kernel configuration';
  if (missing.length === 0) findings.push(ok('kernel-features', `checkpoint and restore support is built in (${how})`));
  else
    findings.push(
      error(
        'kernel-features',
        `the kernel lacks ${missing.join(', ')}`,
        'boot a kernel with these options; the kernels of Amazon Linux 2023, Debian and Ubuntu have them',
      ),
    );
  return [...findings, checkFreezer()];
}

function checkFreezer(): HostFinding {
  const version = cgroupVersion();
  if (version === 2) return ok('freezer', 'cgroup v2, whose freezer is always there');
  const there = /^freezer\s+\d+\s+\d+\s+1$/m.test(read('/proc/cgroups')) && existsSync('/sys/fs/cgroup/freezer');
  return there
    ? ok('freezer', 'cgroup v1 with the freezer controller')
    : error(
        'freezer',
        'cgroup v1 without a mounted freezer controller',
        'mount it: mount -t cgroup -o freezer cgroup /sys/fs/cgroup/freezer',
      );
}

export function checkMemory(): HostFinding {
  const available = Number(/^MemAvailable:\s*(\d+) kB$/m.exec(read('/proc/meminfo'))?.[1] ?? NaN) * 1024;
  const message = `${formatBytes(totalmem())} of memory, ${formatBytes(available)} available`;
  if (!(available < 256 * 1024 ** 2)) return ok('memory', message);
  return warning(
    'memory',
    message,
    'a checkpoint needs 128 MiB to work in: lower the memory of the job definition or take larger instances',
  );
}

/** The state directory holds journals, reports and logs; images are on the storage. */
export async function checkDisk({ stateDir }: HostExamination): Promise<HostFinding> {
  let path = stateDir;
  while (!existsSync(path) && path !== dirname(path)) path = dirname(path);
  const { bavail, bsize } = await statfs(path);
  const free = bavail * bsize;
  const message = `${formatBytes(free)} free for ${stateDir}`;
  if (free > 1024 ** 3) return ok('disk', message);
  const remedy = 'free some space: reports wait there while the server is away, and each container needs some';
  return free > 64 * 1024 ** 2 ? warning('disk', message, remedy) : error('disk', message, remedy);
}

/** Programs that CRIU and the agent call. */
export async function checkTools(): Promise<HostFinding[]> {
  const findings: HostFinding[] = [];
  if (findInPath('iptables-restore', process.env) !== null)
    findings.push(ok('iptables', 'iptables is installed (CRIU holds connections still with it)'));
  else
    findings.push(
      error('iptables', 'iptables is not installed; CRIU needs it to hold network connections still', PREREQUISITES),
    );
  const tar = await tryTool('tar', ['--version']);
  if (/GNU tar/.test(tar.output)) findings.push(ok('tar', 'GNU tar'));
  else findings.push(error('tar', 'GNU tar is not installed; the writable layer is captured with it', PREREQUISITES));
  if (findInPath('flock', process.env) === null)
    findings.push(error('flock', 'flock is not installed', 'install the package util-linux'));
  return findings;
}

export function dirtyTracking(supported: boolean): HostFinding {
  return info(
    'memory-tracking',
    supported
      ? 'the kernel tracks changed memory (incremental dumps possible)'
      : 'the kernel does not track changed memory: every dump is a full one',
  );
}

function kernelConfig(kernel: string): string | null {
  try {
    if (existsSync('/proc/config.gz')) return gunzipSync(readFileSync('/proc/config.gz')).toString();
    if (existsSync(`/boot/config-${kernel}`)) return readFileSync(`/boot/config-${kernel}`, 'utf8');
  } catch {
    // Not readable for this user: the features are probed instead.
  }
  return null;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
