import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Field 22 of /proc/<pid>/stat: with it a pid names one process for good, not whoever has the number later. */
export function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? null : (rest[18] ?? null);
  } catch {
    return null;
  }
}

/** Zombies count as gone: there is nothing left in them to stop. */
export function isAlive(pid: number): boolean {
  return startTime(pid) !== null;
}

export function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** Processes one of whose arguments is, or starts with, this path: how the daemons of one directory are told from others. */
export function processesNaming(path: string): number[] {
  return pids().filter(
    (pid) =>
      pid !== process.pid && commandLine(pid).some((argument) => argument === path || argument.startsWith(`${path}/`)),
  );
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** True when all were gone in time. */
export async function waitForExit(ids: readonly number[], milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  while (ids.some(isAlive)) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}
