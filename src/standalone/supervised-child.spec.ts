import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isAlive, waitForExit } from './processes.js';
import { type ChildOptions, SupervisedChild } from './supervised-child.js';

describe('SupervisedChild', () => {
  let dir: string;
  let notes: string[];
  const children: SupervisedChild[] = [];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'bp-child-'));
    notes = [];
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await child.kill();
    rmSync(dir, { recursive: true });
  });

  /** A child that runs this script with `$D` as its directory, ready when it made `$D/ready`. */
  function child(script: string, options: Partial<ChildOptions> = {}): SupervisedChild {
    const made = new SupervisedChild({
      name: 'worker',
      command: 'sh',
      args: ['-c', script],
      env: { ...process.env, D: dir },
      logFile: join(dir, 'worker.log'),
      pidFile: join(dir, 'worker.pid'),
      ready: async () => existsSync(join(dir, 'ready')),
      readyWithinSeconds: 5,
      stopWithinSeconds: 5,
      note: (line) => notes.push(line),
      ...options,
    });
    children.push(made);
    return made;
  }

  async function until(isSo: () => boolean): Promise<void> {
    for (let tries = 0; !isSo(); tries += 1) {
      if (tries > 500) throw new Error(`not so after 10 s; notes: ${notes.join(' | ')}`);
      await sleep(20);
    }
  }

  it('is ready when it says so, keeps its output, and stops', async () => {
    const worker = child('echo hello; touch $D/ready; exec sleep 100');
    await worker.start();
    const pid = worker.pid!;
    await worker.stop();
    expect(isAlive(pid)).toBe(false);
    expect(readFileSync(join(dir, 'worker.log'), 'utf8')).toBe('hello\n');
    expect(existsSync(join(dir, 'worker.pid'))).toBe(false);
    expect(notes).toEqual([]);
  });

  it('says why a child did not start, in its own words', async () => {
    await expect(child('echo "no such disk" >&2; exit 3').start()).rejects.toThrow(
      'worker did not start (exit code 3): no such disk',
    );
    const structured = `echo '{"level":"error","msg":"cannot open","err":{"message":"disk is full"}}'; exit 1`;
    await expect(child(structured).start()).rejects.toThrow(
      'worker did not start (exit code 1): cannot open: disk is full',
    );
    await expect(child('', { command: '/does/not/exist' }).start()).rejects.toThrow('ENOENT');
  });

  it('gives up on one that is never ready, and leaves nothing of it', async () => {
    const worker = child('exec sleep 100', { readyWithinSeconds: 0.2 });
    await expect(worker.start()).rejects.toThrow('worker was not ready after 0.2 s: it said nothing');
    expect(isAlive(worker.pid!)).toBe(false);
  });

  it('starts it again after it ended, and says so', async () => {
    const worker = child(
      'touch $D/ready; echo run >>$D/runs; [ $(wc -l <$D/runs) -gt 1 ] || { sleep 0.3; echo broken; exit 7; }; exec sleep 100',
    );
    await worker.start();
    await until(() => notes.includes('worker runs again'));
    expect(notes[0]).toContain('worker ended by itself (exit code 7): broken. Starting it again in 1 s');
    expect(isAlive(worker.pid!)).toBe(true);
  });

  it('kills one that does not stop', async () => {
    const worker = child('trap "" TERM; touch $D/ready; while :; do sleep 0.1; done', { stopWithinSeconds: 0.3 });
    await worker.start();
    await worker.stop();
    expect(isAlive(worker.pid!)).toBe(false);
    expect(notes).toEqual(['worker did not stop within 0.3 s and is killed']);
  });

  it('stops one that outlived its supervisor before it starts its own', async () => {
    const orphan = child('touch $D/ready; exec sleep 100');
    await orphan.start();
    const worker = child('exec sleep 101');
    await worker.start();
    expect(notes[0]).toContain(`worker of an earlier start still runs (process ${orphan.pid}); stopping it`);
    expect(await waitForExit([orphan.pid!], 1000)).toBe(true);
    expect(isAlive(worker.pid!)).toBe(true);
  });

  it('passes warnings of its log on', async () => {
    const worker = child(
      `echo '{"level":"warn","msg":"storage is slow"}'; echo '{"level":30,"msg":"quiet"}'; touch $D/ready; exec sleep 100`,
    );
    await worker.start();
    await until(() => notes.length > 0);
    expect(notes).toEqual(['worker: storage is slow']);
  });
});
