import { expect, it } from '@jest/globals';
import { rootLine } from './criu-log.js';

it('gives the first error, without its time and without harmless probes', () => {
  const log = [
    "(00.000100) Error (criu/util.c:1534): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted",
    '(00.000200) Error (criu/kerndat.c:10): no such feature',
    '(00.031000) Warn  (criu/x.c:1): nothing',
    '(00.040000) Error (criu/sk-unix.c:898): unix: Unix socket 0x1 without peer 0x2',
    '(00.050000) Error (criu/cr-dump.c:2128): Dumping FAILED.',
  ].join('\n');
  expect(rootLine(log)).toBe('Error (criu/sk-unix.c:898): unix: Unix socket 0x1 without peer 0x2');
  expect(rootLine('(00.1) all well\n')).toBeUndefined();
});
