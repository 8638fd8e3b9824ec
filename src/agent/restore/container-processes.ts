import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Freezer } from '../engines/freezer.js';

const GONE_WITHIN_MS = 10_000;

/**
 * Kills all there is of a container that was being restored: its processes, which may be frozen, and a runc and CRIU
 * still at work on it. Throws when something survives.
 */
export async function killContainerProcesses(containerId: string): Promise<void> {
  for (const until = Date.now() + GONE_WITHIN_MS; ; await sleep(20)) {
    const processes = findProcesses(containerId);
    if (processes.length === 0) return;
    if (Date.now() > until) throw new Error(`processes ${processes.join(', ')} of container ${containerId} do not die`);
    for (const pid of processes) quietly(() => process.kill(pid, 'SIGKILL'));
    // A frozen process dies only when it runs again.
    for (const pid of processes)
      await Freezer.ofProcess(pid).then(
        (freezer) => freezer.thaw(),
        () => undefined,
      );
  }
}

function findProcesses(containerId: string): number[] {
  const found = new Set<number>();
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    quietly(() => {
      parents.set(pid, parentOf(pid));
      if (inCgroupOf(pid, containerId) || isRestoring(pid, containerId)) found.add(pid);
    });
  }
  // What a runc at work started belongs to it. This process is nobody's child here: runc is its child.
  for (const [pid] of parents) {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at)) {
      if (found.has(at)) {
        found.add(pid);
        break;
      }
    }
  }
  return [...found];
}

/** Both cgroup drivers put the container's id into the name of its cgroup. */
function inCgroupOf(pid: number, containerId: string): boolean {
  if (isZombie(pid)) return false;
  return readFileSync(`/proc/${pid}/cgroup`, 'utf8')
    .split('\n')
    .some((line) => line.split('/').some((part) => part === containerId || part.endsWith(`-${containerId}.scope`)));
}

function isRestoring(pid: number, containerId: string): boolean {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  return words.at(-1) === containerId && words.includes('restore') && !words.includes('create');
}

function isZombie(pid: number): boolean {
  return stat(pid).state === 'Z';
}

function parentOf(pid: number): number {
  return stat(pid).parent;
}

/** proc_pid_stat(5); the name in brackets may hold anything. */
function stat(pid: number): { state: string; parent: number } {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: state!, parent: Number(parent) };
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // The process ended between being listed and being looked at.
  }
}
