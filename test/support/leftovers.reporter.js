import { existsSync, readdirSync, rmSync } from 'node:fs';
import { describeLeftovers, findLeftovers, HOSTS_DIR, removeLeftovers, RUN_VARIABLE } from './leftovers.ts';

/** Fails the run when a test left a process, mount, cgroup, network or directory behind, and removes it. */
export default class LeftoversReporter {
  found = [];

  onRunComplete() {
    const run = process.env[RUN_VARIABLE];
    if (!run) return;
    rmSync(`${HOSTS_DIR}/${run}.image`, { recursive: true, force: true }); // shared by the run's hosts
    const leftovers = findLeftovers(run);
    this.found = describeLeftovers(leftovers);
    removeLeftovers(leftovers);
    if (existsSync(HOSTS_DIR) && readdirSync(HOSTS_DIR).length === 0) rmSync(HOSTS_DIR, { recursive: true });
    if (this.found.length > 0) console.error(`Left behind by the tests (now removed):\n  ${this.found.join('\n  ')}`);
  }

  getLastError() {
    if (this.found.length > 0) return new Error(`the tests left ${this.found.length} things behind`);
  }
}
