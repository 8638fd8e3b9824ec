import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { filesOpenForWriting, openFiles } from './process-files.js';
import { isEnding, processFacts, stoppedProcess, unsupportedResource } from './process-facts.js';

it('finds regular files on the given mounts that are open for writing, with their lengths', () => {
  const root = mkdtempSync(join(tmpdir(), 'batchpoint-open-'));
  mkdirSync(join(root, 'inner'));
  const written = openSync(join(root, 'inner', 'log'), 'a');
  writeSync(written, '1234567');
  const read = openSync(join(root, 'inner', 'log'), 'r');
  const deleted = openSync(join(root, 'deleted'), 'w');
  unlinkSync(join(root, 'deleted'));
  const other = openSync(join(root, 'other'), 'w');
  try {
    const files = openFiles([process.pid, 2 ** 22 + 1]);
    const log = { destination: join(root, 'inner'), path: 'log', bytes: 7 };
    expect(filesOpenForWriting(files, [root, join(root, 'inner')])).toEqual([
      { destination: root, path: 'other', bytes: 0 },
      log,
    ]);
    expect(filesOpenForWriting(files, [join(root, 'inner')])).toEqual([log]);
    expect(filesOpenForWriting(files, [`${root}x`])).toEqual([]);
  } finally {
    for (const fd of [written, read, deleted, other]) closeSync(fd);
    rmSync(root, { recursive: true });
  }
});

it('tells what a process does that stands in the way', () => {
  const [own] = processFacts([process.pid, 2 ** 22 + 1]);
  expect(own!.dumpedBytes).toBeGreaterThan(1_000_000);
  expect(stoppedProcess([own!])).toBeNull();
  expect(stoppedProcess([own!, { ...own!, name: 'halted', state: 'T' }])).toMatchObject({ code: 'process-stopped' });
  expect(unsupportedResource([{ ...own!, tracerPid: 77 }], [])?.message).toContain('traced by process 77');
  const file = { pid: own!.pid, fd: 3 };
  const dumpable = ['[eventpoll]', '[eventfd]', '[timerfd]', 'inotify', '[signalfd]'];
  expect(
    unsupportedResource(
      [own!],
      dumpable.map((name) => ({ ...file, target: `anon_inode:${name}` })),
    ),
  ).toBeNull();
  expect(unsupportedResource([own!], [{ ...file, target: 'anon_inode:bpf-map' }])).toMatchObject({
    code: 'unsupported-resource',
    message: expect.stringContaining('bpf-map'),
  });
  expect([isEnding(process.pid), isEnding(2 ** 22 + 1)]).toEqual([false, true]);
});
