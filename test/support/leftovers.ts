/**
 * Finds and removes what a test run left behind. Written apart from the code that is supposed to clean up, so that it
 * can tell on it, and with Node's modules only, so that Node also runs it without a build (test/support/*.js).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Directories of test hosts: `/tmp/bpt/<run>.<n>`. Short, for the sake of unix sockets. */
export const HOSTS_DIR = '/tmp/bpt';
/** Carried by every process a test run starts, so that it is known for ours even when its parent is gone. (Our programs refuse unknown BATCHPOINT_ names.) */
export const RUN_VARIABLE = 'BPTEST_RUN';

/** Names of cgroups, network namespaces and links of one run all begin with this. */
export const kernelName = (run: string): string => `bpt${run}.`;

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
const list = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);

/** Of a live process; zombies have none. */
function environment(pid: string): string[] {
  return read(`/proc/${pid}/environ`).split('\0');
}

function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
}

/** This process, those it comes from, and what those run to run us (npm, a shell, other Jest workers). */
function isOurOwn(pid: number): boolean {
  for (let ancestor: number = process.pid; ancestor > 1; ancestor = parentOf(ancestor))
    if (ancestor === pid) return true;
  return parentOf(pid) === process.pid && /jest/.test(read(`/proc/${pid}/cmdline`));
}

export interface Leftovers {
  processes: { pid: number; command: string }[];
  mounts: string[];
  cgroups: string[];
  networks: string[];
  directories: string[];
}

export function findLeftovers(run: string): Leftovers {
  const hosts = `${HOSTS_DIR}/${run}.`;
  const name = kernelName(run);
  const processes = list('/proc')
    .filter((entry) => /^\d+$/.test(entry) && !isOurOwn(Number(entry)))
    .filter((pid) => {
      const marked = environment(pid).includes(`${RUN_VARIABLE}=${run}`);
      return marked || read(`/proc/${pid}/cmdline`).includes(hosts) || read(`/proc/${pid}/cgroup`).includes(`/${name}`);
    })
    .map((pid) => ({ pid: Number(pid), command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() }))
    .filter(({ command }) => command !== ''); // gone or a zombie by now
  const mounts = lines(read('/proc/self/mountinfo'))
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(hosts));
  const hierarchies = existsSync('/sys/fs/cgroup/cgroup.controllers')
    ? ['/sys/fs/cgroup']
    : list('/sys/fs/cgroup').map((entry) => join('/sys/fs/cgroup', entry));
  const cgroups = hierarchies.flatMap((root) =>
    list(root)
      .filter((entry) => entry.startsWith(name))
      .map((entry) => join(root, entry)),
  );
  const namespaces = list('/run/netns').filter((entry) => entry.startsWith(name));
  const links = list('/sys/class/net').filter((entry) => entry.startsWith(name));
  const directories = list(HOSTS_DIR)
    .filter((entry) => entry.startsWith(`${run}.`))
    .map((entry) => join(HOSTS_DIR, entry));
  return { processes, mounts, cgroups, networks: [...namespaces, ...links], directories };
}

export function describeLeftovers(found: Leftovers): string[] {
  return [
    ...found.processes.map(({ pid, command }) => `process ${pid}: ${command.slice(0, 160)}`),
    ...found.mounts.map((path) => `mount ${path}`),
    ...found.cgroups.map((path) => `cgroup ${path}`),
    ...found.networks.map((entry) => `network ${entry}`),
    ...found.directories.map((path) => `directory ${path} (${readdirSync(path).join(', ')})`),
  ];
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Gone by itself, or stays and is reported by the next look.
  }
}

function removeCgroup(directory: string): void {
  for (const entry of list(directory))
    if (existsSync(join(directory, entry, 'cgroup.procs'))) removeCgroup(join(directory, entry));
  for (const pid of lines(read(join(directory, 'cgroup.procs')))) attempt(() => process.kill(Number(pid), 'SIGKILL'));
  for (const [file, value] of [
    ['freezer.state', 'THAWED'],
    ['cgroup.freeze', '0'],
  ] as const) {
    if (existsSync(join(directory, file))) attempt(() => writeFileSync(join(directory, file), value));
  }
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  attempt(() => rmdirSync(directory));
}

/** Kills and removes all of it. */
export function removeLeftovers(found: Leftovers): void {
  for (const { pid } of found.processes) attempt(() => process.kill(pid, 'SIGKILL'));
  for (const path of found.cgroups) removeCgroup(path);
  for (const path of [...found.mounts].reverse())
    attempt(() => execFileSync('umount', ['--lazy', path], { stdio: 'ignore' }));
  for (const entry of found.networks) {
    attempt(() => execFileSync('ip', ['netns', 'delete', entry], { stdio: 'ignore' }));
    attempt(() => execFileSync('ip', ['link', 'delete', entry], { stdio: 'ignore' }));
  }
  for (const path of found.directories) attempt(() => rmSync(path, { recursive: true, force: true }));
}

/** Runs whose main process is gone (killed, or the machine's power was): `run` names start with its pid in base 36. */
export function abandonedRuns(): string[] {
  const runs = new Set(list(HOSTS_DIR).map((entry) => entry.split('.')[0] ?? ''));
  return [...runs].filter((run) => run !== '' && !existsSync(`/proc/${parseInt(run, 36)}`));
}
