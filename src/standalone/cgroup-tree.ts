import { existsSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signal } from './processes.js';

const MOUNT = '/sys/fs/cgroup';

/** The directories of one cgroup: one on v2, one for each controller on v1. Children before parents. */
function directories(cgroup: string): string[] {
  const hierarchies = existsSync(join(MOUNT, 'cgroup.controllers'))
    ? [MOUNT]
    : readdirSync(MOUNT).map((name) => join(MOUNT, name));
  const below = (directory: string): string[] => {
    try {
      const children = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
      return [...children.flatMap((entry) => below(join(directory, entry.name))), directory];
    } catch {
      return [];
    }
  };
  return hierarchies.flatMap((hierarchy) => below(join(hierarchy, cgroup)));
}

function write(path: string, value: string): void {
  try {
    if (existsSync(path)) writeFileSync(path, value);
  } catch {
    // Gone in the meantime, which is what the caller wants.
  }
}

export function processesOf(cgroup: string): number[] {
  const found = new Set<number>();
  for (const directory of directories(cgroup)) {
    try {
      for (const line of readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n'))
        if (line !== '') found.add(Number(line));
    } catch {
      // Removed between listing and reading.
    }
  }
  return [...found];
}

/** SIGKILL to everything in the cgroup and below, frozen or not. */
export async function killCgroup(cgroup: string): Promise<void> {
  for (let round = 0; round < 100; round += 1) {
    const members = processesOf(cgroup);
    for (const pid of members) signal(pid, 'SIGKILL');
    // A frozen process dies only when it is thawed.
    for (const directory of directories(cgroup).reverse()) {
      write(join(directory, 'freezer.state'), 'THAWED');
      write(join(directory, 'cgroup.freeze'), '0');
    }
    if (members.length === 0) return;
    await sleep(20);
  }
  throw new Error(`processes of cgroup ${cgroup} do not die: ${processesOf(cgroup).join(', ')}`);
}

/** Kills what is in it and removes it; harmless when there is none. */
export async function removeCgroup(cgroup: string): Promise<void> {
  await killCgroup(cgroup);
  for (let round = 0; round < 50; round += 1) {
    const left = directories(cgroup);
    if (left.length === 0) return;
    for (const directory of left) {
      try {
        rmdirSync(directory);
      } catch {
        // The kernel lets go of the last task a moment after it is reaped.
      }
    }
    if (round > 0) await sleep(20);
  }
}
