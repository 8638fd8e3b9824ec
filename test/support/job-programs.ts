import { join } from 'node:path';
import { RESULT_FILE } from '../../src/demo/job-program.js';

/** A job whose output can be checked: each line depends on all before it, and its place is known only in memory. */
export interface JobProgram {
  name: string;
  /** After the image's name on docker's command line. */
  command: string[];
  /** Files it leaves in the container, besides what it prints. */
  files: string[];
  /** A directory of the host it writes to as well, mounted here. */
  bindMount?: string;
  /** Further options of `docker run`. */
  options?: string[];
}

const step = 'i=$((i + 1)); sum=$(echo "$sum $i" | sha256sum | cut -d " " -f 1); echo "step $i $sum"';
const loop = (steps: number, body: string): string =>
  `i=0 sum=seed; while [ $i -lt ${steps} ]; do ${body}; sleep 0.05; done`;
const shell = (script: string): string[] => ['sh', '-c', script];

/** Threads that each chain a checksum of their own, and a main thread that collects them. Run by the image with Node. */
export const THREADS_SCRIPT = `
const { Worker, isMainThread, workerData } = require('worker_threads');
const { createHash } = require('crypto');
const fs = require('fs');
if (isMainThread) {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  for (let n = 0; n < 3; n += 1) new Worker(__filename, { workerData: { n, shared } });
} else {
  const { n, shared } = workerData;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let sum = 'seed' + n;
  for (let i = 1; i <= 120; i += 1) {
    sum = createHash('sha256').update(sum + ' ' + i).digest('hex');
    Atomics.add(shared, 0, 1);
    fs.appendFileSync('/thread-' + n + '.txt', i + ' ' + sum + '\\n');
    if (n === 0) fs.writeSync(1, 'step ' + i + ' ' + sum + '\\n');
    Atomics.wait(pause, 0, 0, 50);
  }
}
`;

const chain = (name: string, steps: number): JobProgram => ({
  name,
  command: shell(loop(steps, `${step}; echo "$i $sum" >>${RESULT_FILE}`)),
  files: [RESULT_FILE],
});
export const CHAIN = chain('chain', 200);
/** Ends with the test. */
export const LONG_CHAIN = chain('long-chain', 100_000);

/** Three processes joined by pipes; text is on its way in the pipes at any moment. */
export const PIPELINE: JobProgram = {
  name: 'pipeline',
  command: shell(`(${loop(200, step)}) | tee /all.txt | awk '{ print; print NR, $3 >"/numbered.txt"; fflush() }'`),
  files: ['/all.txt', '/numbered.txt'],
};

/**
 * The same lines in its own layer and, as a log file held open, on a directory of the host; replaces, appends, deletes and
 * renames files.
 */
export const FILES: JobProgram = {
  name: 'files',
  command: shell(
    'exec 3>>/out/log; ' +
      loop(
        200,
        `${step}; echo "$sum" >&3; echo "$sum" >/tmp/$i; rm -f /tmp/$((i - 3)); echo "$i" >/state.new; mv /state.new /state; echo "$sum" >>/all.txt`,
      ) +
      '; ls /tmp >/listing; cat /tmp/* /state >>/listing; md5sum /out/log >>/listing',
  ),
  files: ['/listing', '/state', '/all.txt'],
  bindMount: '/out',
};

/**
 * CRIU cannot carry an io_uring, which Node opens where it may. Docker's own profile forbids it since version 25; this one
 * does so for the older engines of Debian.
 */
export const WITHOUT_IO_URING = ['--security-opt', `seccomp=${join(import.meta.dirname, 'no-io-uring.seccomp.json')}`];

export const THREADS: JobProgram = {
  name: 'threads',
  command: ['node', '/threads.cjs'],
  files: ['/thread-0.txt', '/thread-1.txt', '/thread-2.txt'],
  options: WITHOUT_IO_URING,
};
