/**
 * The job that is measured: holds so many MiB of random data and looks at the monotonic clock every millisecond. A gap
 * between two looks is time it did not run: printed when longer than 5 ms. Plain JavaScript, run by the image's Node.
 */
export const RESIDENT_PROGRAM = `
const { randomFillSync } = require('crypto');
const { writeSync } = require('fs');
const held = [];
for (let mib = Number(process.argv[2]); mib > 0; mib -= 16) held.push(randomFillSync(Buffer.alloc(Math.min(mib, 16) * 1048576)));
const cell = new Int32Array(new SharedArrayBuffer(4));
writeSync(1, 'ready ' + held.length + '\\n');
for (let last = process.hrtime.bigint(); ; ) {
  Atomics.wait(cell, 0, 0, 1);
  const now = process.hrtime.bigint();
  if (now - last > 5000000n) writeSync(1, 'gap ' + Number(now - last) / 1e6 + '\\n');
  last = now;
}
`;
