import { readFileSync } from 'node:fs';
import { abandonedRuns, findLeftovers, removeLeftovers, RUN_VARIABLE } from './leftovers.ts';

/** Once before the first test: names the run, and clears away what a killed run before it left. */
export default function setUp() {
  process.env[RUN_VARIABLE] ??= process.pid.toString(36);
  process.env.BPTEST_NETNS_MOUNTED ??= String(isNetnsMounted());
  for (const run of abandonedRuns()) removeLeftovers(findLeftovers(run));
}

export function isNetnsMounted() {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8').includes(' /run/netns ');
  } catch {
    return false; // not Linux
  }
}
