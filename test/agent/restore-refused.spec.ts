import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { FailureCode } from '../../src/protocol/failure.js';
import { flipByte, reseal } from '../support/image-damage.js';
import { lines, ProtectedHost, sharedStorage, until } from '../support/protected-host.js';
import { describeNeeding } from '../support/requires.js';

/**
 * Says whether it started in an untouched file system, then counts, leaving marks in the writable layer and on the
 * mount. A continued run prints no `fresh`.
 */
const JOB = [
  'sh',
  '-c',
  `[ -e /var/mark ] && echo dirty || echo fresh; [ -e /bin/zcat ] || echo incomplete; rm /bin/zcat; touch /var/mark
   exec 4>>/shared/file; i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "step $i"; echo "step $i" >&4; sleep 0.03; done`,
];

describeNeeding(['root', 'linux', 'docker', 'criu'], 'a checkpoint that cannot be used', () => {
  const storage = sharedStorage();
  const shared = mkdtempSync(join(tmpdir(), 'bp-shared-'));
  let a: ProtectedHost;
  let b: ProtectedHost;
  let count = 0;

  beforeAll(async () => {
    [a, b] = await Promise.all([ProtectedHost.start('a', storage.path), ProtectedHost.start('b', storage.path)]);
  }, 60_000);
  afterEach(async () => {
    b.configure(storage.path);
    await b.installShim();
    for (const directory of ['held', 'restored', 'restoring', 'containers']) {
      expect(readdirSync(join(b.host.stateDir, directory))).toEqual([]);
    }
  });
  afterAll(() => {
    storage.remove();
    rmSync(shared, { recursive: true, force: true });
  });

  const options = (): string[] => ['-v', `${join(shared, `mount-${count}`)}:/shared`];

  /** A job with checkpoints, newest last, whose host is gone. */
  async function lostJob(checkpoints = 1): Promise<{ jobId: string; directories: string[] }> {
    count += 1;
    const jobId = `job-${count}`;
    mkdirSync(join(shared, `mount-${count}`));
    const container = await a.start(jobId, options(), JOB);
    const directories: string[] = [];
    for (let n = 1; n <= checkpoints; n += 1) {
      await until('work', async () => (await a.logs(container)).includes(`step ${n * 10}\n`));
      directories.push(join(storage.path, (await a.checkpoint(jobId, container)).path));
    }
    await until('work after the checkpoint', async () =>
      (await a.logs(container)).includes(`step ${checkpoints * 10 + 5}\n`),
    );
    await a.host.killContainerHard(container);
    return { jobId, directories };
  }

  /** The job's next container started fresh, clean, and ran to its end; the reasons given. */
  async function expectFreshStart(jobId: string): Promise<string> {
    const mount = join(shared, `mount-${count}`, 'file');
    const before = lines(readFileSync(mount, 'utf8'));
    const container = await b.start(jobId, options(), JOB);
    const { exitCode, log } = await b.finish(container);
    expect({ exitCode, log: lines(log) }).toEqual({ exitCode: 0, log: ['fresh', ...steps(1)] });
    expect(lines(readFileSync(mount, 'utf8'))).toEqual([...before, ...steps(1)]);
    const [message, ...more] = b.freshStartsOf(jobId);
    expect(more).toEqual([]);
    return message ?? '';
  }

  async function expectContinued(jobId: string, afterStep: number, outcomes: object[]): Promise<void> {
    const { exitCode, log } = await b.finish(await b.start(jobId, options(), JOB));
    expect({ exitCode, last: lines(log).at(-1) }).toEqual({ exitCode: 0, last: 'step 60' });
    const first = Number(lines(log)[0]!.split(' ')[1]);
    expect(first).toBeGreaterThan(afterStep);
    expect(lines(log)).toEqual(steps(first));
    expect(lines(readFileSync(join(shared, `mount-${count}`, 'file'), 'utf8'))).toEqual(steps(1));
    expect(b.restoresOf(jobId)).toEqual(outcomes.map((outcome) => expect.objectContaining(outcome)));
    expect(b.freshStartsOf(jobId)).toEqual([]);
  }

  it('a flipped byte: refused, and the previous checkpoint is used', async () => {
    const { jobId, directories } = await lostJob(2);
    flipByte(join(directories[1]!, 'criu', pagesFile(directories[1]!)));
    await expectContinued(jobId, 9, [
      { status: 'failed', failure: expect.objectContaining({ code: 'digest-mismatch' }) },
      { status: 'succeeded' },
    ]);
    // Damage is kept for a person to look at.
    expect(existsSync(join(directories[1]!, 'manifest.json'))).toBe(true);
  });

  it('an unreadable manifest: refused, and the previous checkpoint is used', async () => {
    const { jobId, directories } = await lostJob(2);
    writeFileSync(join(directories[1]!, 'manifest.json'), '{"format":');
    await expectContinued(jobId, 9, [
      { status: 'failed', failure: expect.objectContaining({ code: 'manifest-unreadable' }) },
      { status: 'succeeded' },
    ]);
  });

  it('an image that CRIU cannot restore: undone, and the previous checkpoint is used', async () => {
    const { jobId, directories } = await lostJob(2);
    truncateSync(join(directories[1]!, 'criu', pagesFile(directories[1]!)), 4096);
    await reseal(directories[1]!);
    await expectContinued(jobId, 9, [
      {
        status: 'failed',
        step: 'restore-processes',
        failure: expect.objectContaining({ code: 'criu-restore-failed' }),
      },
      { status: 'succeeded' },
    ]);
  });

  const FRESH: [string, FailureCode, (directory: string) => unknown][] = [
    [
      'an image of another architecture',
      'architecture-mismatch',
      (d) => reseal(d, (m) => (m.host.architecture = 'riscv64')),
    ],
    [
      'an image that may use CPU features this host lacks',
      'cpu-features-missing',
      (d) => reseal(d, (m) => m.host.cpu.flags.push('avx9')),
    ],
    ['an image of a newer kernel', 'kernel-too-old', (d) => reseal(d, (m) => (m.host.kernel = '99.1.0'))],
    [
      'an image of another container image',
      'container-image-mismatch',
      (d) => reseal(d, (m) => (m.container.image.id = 'sha256:0')),
    ],
    [
      'an image with other mounts',
      'mounts-mismatch',
      (d) => reseal(d, (m) => (m.container.mounts[0]!.destination = '/elsewhere')),
    ],
    ['a missing file', 'file-missing', (d) => rmSync(join(d, 'criu', 'inventory.img'))],
    ['a missing manifest', 'manifest-unreadable', (d) => rmSync(join(d, 'manifest.json'))],
    [
      'a layer that is no archive',
      'layer-apply-failed',
      (d) => (writeFileSync(join(d, 'layer.tar'), 'x'.repeat(2000)), reseal(d)),
    ],
    [
      'damaged pages that only CRIU notices',
      'criu-restore-failed',
      (d) => (truncateSync(join(d, 'criu', pagesFile(d)), 4096), reseal(d)),
    ],
  ];
  it.each(FRESH)(
    '%s: refused with its reason (%s), and the job starts fresh in a clean container',
    async (_, code, damage) => {
      const { jobId, directories } = await lostJob();
      await damage(directories[0]!);
      expect(await expectFreshStart(jobId)).toContain(code);
      expect(b.restoresOf(jobId)).toEqual([
        expect.objectContaining({ status: 'failed', failure: expect.objectContaining({ code }) }),
      ]);
    },
  );

  it('a failed restore with a terminal: the fresh container has a terminal of its own', async () => {
    const command = ['sh', '-c', 'tty; i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "step $i"; sleep 0.03; done'];
    const container = await a.start('terminal', ['-t'], command);
    await until('work', async () => (await a.logs(container)).includes('step 10\r\n'));
    const directory = join(storage.path, (await a.checkpoint('terminal', container)).path);
    await a.host.killContainerHard(container);
    truncateSync(join(directory, 'criu', pagesFile(directory)), 4096);
    await reseal(directory);
    const { exitCode, log } = await b.finish(await b.start('terminal', ['-t'], command));
    expect({ exitCode, log: lines(log) }).toEqual({ exitCode: 0, log: ['/dev/pts/0', ...steps(1).slice(0, 40)] });
    expect(b.freshStartsOf('terminal')).toEqual([expect.stringContaining('criu-restore-failed')]);
  });

  it('a file of the job on a bind mount that is gone: refused before anything is touched', async () => {
    const { jobId } = await lostJob();
    const file = join(shared, `mount-${count}`, 'file');
    writeFileSync(file, 'step 1\n');
    expect(await expectFreshStart(jobId)).toMatch(/fewer than the \d+ at the checkpoint \(bind-mount-file-missing/);
  });

  it('policy off: not restored, and the history says so', async () => {
    const { jobId } = await lostJob();
    b.configure(storage.path, [], { mode: 'off' });
    expect(await expectFreshStart(jobId)).toContain('checkpointing-off');
  });

  it('a job that ended well: starts fresh without a word, and its kept images are never continued', async () => {
    const { jobId } = await lostJob();
    await a.store.records.markFinished(jobId, 0);
    expect(await expectFreshStart(jobId)).toBe('');
    rmSync(join(shared, `mount-${count}`, 'file'));
    writeFileSync(join(shared, `mount-${count}`, 'file'), '');
    expect(await expectFreshStart(jobId)).toBe('');
    expect(b.restoresOf(jobId)).toEqual([]);
  });

  it('a storage that is not mounted: waited for, then the job starts fresh and the history says so', async () => {
    const { jobId } = await lostJob();
    b.configure(storage.path, ['nfs4']);
    await b.installShim({ store: '/nowhere/batchpoint' });
    const before = Date.now();
    expect(await expectFreshStart(jobId)).toMatch(/not on nfs4 \(waited 1 s\) \(storage-not-mounted/);
    expect(Date.now() - before).toBeGreaterThan(1000);
  });

  it('a host that has not heard from its server: the job waits for its word and is then restored', async () => {
    const { jobId } = await lostJob();
    rmSync(join(b.host.stateDir, 'agent.json'));
    await b.installShim({ store: '', storageWaitSeconds: 20 });
    const heard = setTimeout(() => b.configure(storage.path), 1500);
    await expectContinued(jobId, 9, [{ status: 'succeeded' }]);
    clearTimeout(heard);
  });

  it('a CRIU that hangs: killed after the limit, and the job starts fresh with nothing left behind', async () => {
    const { jobId } = await lostJob();
    await b.installShim({ criuDir: criuThat('exec sleep 1000'), restoreLimitSeconds: 4 });
    expect(await expectFreshStart(jobId)).toContain('restore-timed-out at restore-processes');
  });

  it('a restore program killed half way: what it did is undone and the job starts fresh', async () => {
    const { jobId } = await lostJob();
    // From CRIU up: its parent is runc, and runc's is the restore program.
    await b.installShim({ criuDir: criuThat('kill -9 "$(ps -o ppid= -p "$PPID" | tr -d " ")"; exec sleep 1000') });
    await expectFreshStart(jobId);
    expect(b.restoreLog()).toContain('undoing an interrupted restore');
  });

  /** Answers the version question like the real one, and does something else when asked to restore. */
  function criuThat(does: string): string {
    const directory = mkdtempSync(join(shared, 'criu-'));
    const real = join(b.host.criuDir, 'criu');
    const script = `#!/bin/sh\ncase $1 in swrk) ${does} ;; esac\nPATH=${b.host.criuDir}:$PATH exec ${b.host.criuDir === '' ? 'criu' : real} "$@"\n`;
    writeFileSync(join(directory, 'criu'), script);
    chmodSync(join(directory, 'criu'), 0o755);
    return directory;
  }
});

function steps(from: number): string[] {
  return Array.from({ length: 61 - from }, (_, i) => `step ${from + i}`);
}

function pagesFile(directory: string): string {
  return readdirSync(join(directory, 'criu')).find((name) => name.startsWith('pages-'))!;
}
