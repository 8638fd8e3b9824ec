import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CheckpointReport, ContainerReport, JobEventReport } from '../protocol/agent-api.js';
import { DEFAULT_POLICY } from '../protocol/policy.js';
import { isInformational, Outbox, spoolReport } from './outbox.js';

const event = (message: string): JobEventReport => ({
  type: 'job-event',
  jobId: 'j',
  containerId: null,
  event: 'job-policy-ignored',
  message,
});
const outcome = (checkpointId: string): CheckpointReport => ({
  type: 'checkpoint',
  checkpointId,
  jobId: 'j',
  containerId: 'c',
  trigger: 'manual',
  status: 'failed',
  failure: { code: 'dump-failed', message: 'no' },
});

let stateDir: string;
const outboxDir = (): string => join(stateDir, 'outbox');
const reports = (): string[] =>
  readdirSync(outboxDir()).filter((name) => name.startsWith('rep_') && name.endsWith('.json'));
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'bp-outbox-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

async function open(mostReports?: number): Promise<Outbox> {
  const outbox = new Outbox(stateDir, mostReports === undefined ? {} : { mostReports });
  await outbox.open();
  return outbox;
}

describe('Outbox', () => {
  it('hands reports out in the order they were added, also by another process, and forgets only what was sent', async () => {
    const outbox = await open();
    await Promise.all([outbox.add(event('1')), outbox.add(event('2'))]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await spoolReport(outboxDir(), event('3'));
    const batch = await outbox.next(200);
    expect(batch.map((report) => (report as JobEventReport).message)).toEqual(['1', '2', '3']);
    await outbox.remove([batch[0]!.id]);
    expect((await outbox.next(200)).map(({ id }) => id)).toEqual([batch[1]!.id, batch[2]!.id]);
    expect(outbox.waiting).toBe(2);
    expect(statSync(join(outboxDir(), `${batch[1]!.id}.json`)).mode & 0o777).toBe(0o600);
  });

  it('gives at most what one call may carry', async () => {
    const outbox = await open();
    for (let i = 0; i < 5; i += 1) await outbox.add(event('x'.repeat(1000)));
    expect(await outbox.next(3)).toHaveLength(3);
    expect(await outbox.next(200, 1500)).toHaveLength(2);
  });

  it('is woken by a report of another process', async () => {
    const outbox = await open();
    const begun = Date.now();
    const woken = outbox.changed(10_000, new AbortController().signal);
    await spoolReport(outboxDir(), event('from the shim'));
    await woken;
    expect(Date.now() - begun).toBeLessThan(5000);
  });

  it('sets aside what is no report, and goes on with the others', async () => {
    const outbox = await open();
    writeFileSync(join(outboxDir(), 'rep_00000000-0000-7000-8000-000000000000.json'), '{"half');
    await outbox.add(event('good'));
    expect(await outbox.next(200)).toHaveLength(1);
    expect(readdirSync(join(stateDir, 'refused'))).toEqual(['rep_00000000-0000-7000-8000-000000000000.json']);
  });

  it('drops the oldest informational reports above its bound, counts them, and never an outcome', async () => {
    const outbox = await open(40);
    await outbox.add(outcome('ckpt_1'));
    for (let i = 0; i < 60; i += 1) await outbox.add(event(String(i)));
    for (let i = 0; i < 50; i += 1) await outbox.add(outcome(`ckpt_more_${i}`));
    const kept = await outbox.next(1000);
    expect(kept.filter((report) => report.type === 'checkpoint')).toHaveLength(51);
    const remarks = kept.filter((report) => report.type === 'job-event') as JobEventReport[];
    expect(outbox.dropped).toBe(60 - remarks.length);
    expect(remarks.map(({ message }) => message)).toEqual(
      [...remarks.keys()].map((i) => String(60 - remarks.length + i)),
    );
  });

  it('keeps every report it acknowledged when its process is killed', async () => {
    const root = join(import.meta.dirname, '..', '..');
    const program = `
      import { Outbox } from '${join(import.meta.dirname, 'outbox.ts')}';
      const outbox = new Outbox(${JSON.stringify(stateDir)});
      await outbox.open();
      for (let i = 0; ; i += 1) {
        await outbox.add({ type: 'job-event', jobId: 'j', containerId: null, event: 'job-policy-ignored', message: String(i) });
        process.stdout.write(i + '\\n');
      }`;
    const file = join(stateDir, 'writer.ts');
    writeFileSync(file, program);
    const child = spawn(process.execPath, ['--import', join(root, 'test/support/typescript-loader.mjs'), file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.split('\n').length > 40) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const acknowledged = said.trimEnd().split('\n').length;
    const outbox = await open();
    const messages = (await outbox.next(10_000)).map((report) => (report as JobEventReport).message);
    expect(messages.length).toBeGreaterThanOrEqual(acknowledged);
    expect(messages).toEqual([...messages.keys()].map(String));
  }, 30_000);

  const canMount = process.getuid?.() === 0 && process.platform === 'linux';
  (canMount ? it : it['skip'])(
    'keeps outcomes on a full disk, informational reports make room [needs root]',
    async () => {
      if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2M', 'tmpfs', stateDir]).status !== 0)
        throw new Error('cannot mount a tmpfs');
      try {
        const outbox = await open();
        for (let i = 0; i < 20; i += 1) await outbox.add(event(String(i)));
        // Fill the disk to the last block.
        spawnSync('dd', ['if=/dev/zero', `of=${join(stateDir, 'filler')}`, 'bs=4k'], { stdio: 'ignore' });
        for (let i = 0; i < 300; i += 1) await outbox.add(outcome(`ckpt_${i}`));
        expect(outbox.dropped).toBeGreaterThan(0);
        expect(outbox.waiting).toBeGreaterThanOrEqual(300);
        rmSync(join(stateDir, 'filler'));
        const kept = (await outbox.next(1000)).filter((report) => report.type === 'checkpoint');
        expect(new Set(kept.map((report) => (report as CheckpointReport).checkpointId)).size).toBe(300);
        expect(reports().length).toBeGreaterThanOrEqual(300);
      } finally {
        execFileSync('umount', ['--lazy', stateDir]);
      }
    },
    30_000,
  );

  it('leaves nothing half-written behind when it opens', async () => {
    await open();
    const leftover = join(outboxDir(), 'rep_1.json.abc.tmp');
    writeFileSync(leftover, '{');
    execFileSync('touch', ['-d', '1 hour ago', leftover]);
    await open();
    expect(existsSync(leftover)).toBe(false);
    expect(readFileSync(join(outboxDir(), '.reserve')).length).toBeGreaterThan(0);
  });
});

describe('isInformational', () => {
  it('is true of progress and remarks only', () => {
    const container = (status: ContainerReport['status']): ContainerReport => ({
      type: 'container',
      jobId: 'j',
      attempt: 1,
      jobQueue: null,
      computeEnvironment: null,
      containerId: 'c',
      containerName: 'n',
      image: 'i',
      command: [],
      status,
      exitCode: null,
      startedAt: null,
      finishedAt: null,
      protected: true,
      unprotectedReason: null,
      policy: DEFAULT_POLICY,
    });
    expect(isInformational(event('x'))).toBe(true);
    expect(isInformational({ ...outcome('c'), status: 'running' })).toBe(true);
    expect(isInformational(container('running'))).toBe(true);
    expect(isInformational(container('exited'))).toBe(false);
    expect(isInformational(container('lost'))).toBe(false);
    expect(isInformational(outcome('c'))).toBe(false);
  });
});
