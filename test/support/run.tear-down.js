import { spawnSync } from 'node:child_process';
import { isNetnsMounted } from './run.set-up.js';

/**
 * Once after the last test: `ip netns add` makes /run/netns a mount the first time on a machine, and leaves it. It goes when
 * it was not there before us; while it still holds a namespace, of whomever, it is busy and stays.
 */
export default function tearDown() {
  if (process.env.BPTEST_NETNS_MOUNTED === 'false' && isNetnsMounted())
    spawnSync('umount', ['/run/netns'], { stdio: 'ignore' });
}
