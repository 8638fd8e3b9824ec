import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Failure } from '../../protocol/failure.js';
import { cgroupOf } from './cgroup.js';
import { present, type OpenFile } from './process-files.js';

export interface ProcessFacts {
  pid: number;
  name: string;
  /** One letter, as in /proc/<pid>/status. */
  state: string;
  tracerPid: number;
  /** Memory that goes into an image: private pages and shared memory. */
  dumpedBytes: number;
}

/** Those of the processes that are still there. */
export function processFacts(pids: readonly number[]): ProcessFacts[] {
  return pids.flatMap((pid) => {
    const status = present(() => readFileSync(`/proc/${pid}/status`, 'utf8'));
    if (status === undefined) return [];
    const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
    const kib = (name: string): number => Number(/^(\d+) kB/.exec(field(name))?.[1] ?? 0) * 1024;
    const dumpedBytes = kib('RssAnon') + kib('RssShmem');
    return [
      { pid, name: field('Name'), state: field('State')[0] ?? '', tracerPid: Number(field('TracerPid')), dumpedBytes },
    ];
  });
}

/** SIGKILL in the masks of pending signals in /proc/<pid>/status. */
const KILL_PENDING = 1n << 8n;

/** Whether the process is gone, or will be as soon as it runs again: a frozen one dies only when it is thawed. */
export function isEnding(pid: number): boolean {
  const status = present(() => readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (status === undefined || /^State:\s*[ZX]/m.test(status)) return true;
  return [...status.matchAll(/^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$/gm)].some(
    ([, mask]) => (BigInt(`0x${mask}`) & KILL_PENDING) !== 0n,
  );
}

/** A process that a signal has stopped: with it CRIU would wait for ever under cgroup v1. */
export function stoppedProcess(processes: readonly ProcessFacts[]): Failure | null {
  const stopped = processes.find(({ state }) => state === 'T');
  if (stopped === undefined) return null;
  return {
    code: 'process-stopped',
    message: `process ${stopped.pid} (${stopped.name}) of the container is stopped by a signal`,
    remedy: `continue it (\`kill -CONT ${stopped.pid}\`), then checkpoint`,
  };
}

/** What CRIU dumps among descriptors without a file; anything else is refused before the container is touched. */
const DUMPABLE_ANONYMOUS =
  /^anon_inode:(\[eventpoll\]|\[eventfd\]|\[signalfd\]|\[timerfd\]|\[fanotify\]|\[pidfd\]|inotify|\[inotify\])/;
/** Character device majors CRIU knows: 1 memory devices, 4 and 5 terminals, 136 to 143 pseudo-terminals. */
const DUMPABLE_DEVICE_MAJORS = new Set([1, 4, 5, 136, 137, 138, 139, 140, 141, 142, 143]);
/** /dev/net/tun: a misc device that CRIU dumps. */
const TUN_DEVICE = '10:200';

/** The first thing in the container that no image can hold; null when there is none known. */
export function unsupportedResource(processes: readonly ProcessFacts[], files: readonly OpenFile[]): Failure | null {
  const traced = processes.find(({ tracerPid }) => tracerPid !== 0);
  if (traced !== undefined) {
    return unsupported(
      `process ${traced.pid} (${traced.name}) is being traced by process ${traced.tracerPid}`,
      'stop the debugger or tracer (gdb, strace), then checkpoint',
    );
  }
  const names = new Map(processes.map(({ pid, name }) => [pid, name]));
  for (const file of files) {
    const what = undumpable(file);
    if (what === null) continue;
    const holder = `process ${file.pid} (${names.get(file.pid) ?? '?'})`;
    return unsupported(
      `${holder} has ${what} open (descriptor ${file.fd}), which CRIU cannot put into an image`,
      remedyFor(what),
    );
  }
  return null;
}

function undumpable({ pid, fd, target }: OpenFile): string | null {
  if (target.startsWith('anon_inode:')) {
    return DUMPABLE_ANONYMOUS.test(target) ? null : target.slice('anon_inode:'.length).replace(/^\[|\]$/g, '');
  }
  if (!target.startsWith('/dev/')) return null;
  const stats = present(() => statSync(`/proc/${pid}/fd/${fd}`));
  if (stats === undefined || !(stats.isCharacterDevice() || stats.isBlockDevice())) return null;
  // glibc's gnu_dev_major and gnu_dev_minor, for the numbers in use.
  const major = (stats.rdev >>> 8) & 0xfff;
  const minor = (stats.rdev & 0xff) | ((stats.rdev >>> 12) & 0xfff00);
  if (stats.isCharacterDevice() && (DUMPABLE_DEVICE_MAJORS.has(major) || `${major}:${minor}` === TUN_DEVICE))
    return null;
  return `the device ${target}`;
}

function remedyFor(what: string): string {
  if (what === 'io_uring')
    // Setting UV_USE_IO_URING=0 does not help Node.js: libuv opens one for epoll all the same (1.52).
    return 'forbid io_uring in the container, as the default seccomp profile of Docker Engine 25 and later does (programs then use other I/O), or set the checkpoint mode of the job to off';
  return 'let the program close it, or set the checkpoint mode of the job to off';
}

function unsupported(message: string, remedy: string): Failure {
  return { code: 'unsupported-resource', message, remedy };
}

/** Memory of the container that goes into an image, as its cgroup counts it; without that controller the processes' sum. */
export async function residentBytes(initPid: number, processes: readonly ProcessFacts[]): Promise<number> {
  const cgroup = await cgroupOf(initPid, 'memory');
  if (cgroup !== null) {
    const stat = await readFile(join(cgroup.path, 'memory.stat'), 'utf8').catch(() => '');
    const names = cgroup.version === 1 ? ['total_rss', 'total_shmem'] : ['anon', 'shmem'];
    const values = names.map((name) => new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1]);
    if (values[0] !== undefined) return values.reduce((sum, value) => sum + Number(value ?? 0), 0);
  }
  return processes.reduce((sum, { dumpedBytes }) => sum + dumpedBytes, 0);
}
