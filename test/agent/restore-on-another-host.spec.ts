import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { continuedFrom, lines, ProtectedHost, sharedStorage, until } from '../support/protected-host.js';
import { describeNeeding } from '../support/requires.js';

/** Chains a checksum: every step depends on all before it, in memory, on stdout and in the writable layer. */
function chain(steps: number): string[] {
  const step =
    'i=$((i+1)); sum=$(echo "$sum $i" | md5sum | cut -c1-32); echo "$i $sum" | tee -a /var/chain; sleep 0.02';
  return ['sh', '-c', `sum=start; i=0; while [ $i -lt ${steps} ]; do ${step}; done; md5sum < /var/chain; exit 7`];
}

describeNeeding(['root', 'linux', 'docker', 'criu'], 'a job restored on another host', () => {
  const storage = sharedStorage();
  const shared = mkdtempSync(join(tmpdir(), 'bp-shared-'));
  let a: ProtectedHost;
  let b: ProtectedHost;

  beforeAll(async () => {
    [a, b] = await Promise.all([ProtectedHost.start('a', storage.path), ProtectedHost.start('b', storage.path)]);
  }, 60_000);
  afterAll(() => {
    storage.remove();
    rmSync(shared, { recursive: true, force: true });
  });

  /** Runs the job once undisturbed, and once with host A lost after `ready` was printed; both outcomes. */
  async function interrupted(jobId: string, options: string[], command: string[], ready: string) {
    const reference = await a.start(`${jobId}-undisturbed`, options, command);
    const first = await a.start(jobId, options, command);
    await until(`${jobId} prints ${ready}`, async () => (await a.logs(first)).includes(ready));
    const image = await a.checkpoint(jobId, first);
    const seen = await a.logs(first);
    await a.host.killContainerHard(first);
    const second = await b.start(jobId, options, command);
    const [whole, rest] = await Promise.all([a.finish(reference), b.finish(second)]);
    expect(b.freshStartsOf(jobId)).toEqual([]);
    expect(b.restoresOf(jobId)).toEqual([
      expect.objectContaining({ status: 'succeeded', checkpointId: image.checkpointId, containerId: second }),
    ]);
    return { whole, rest, seen };
  }

  it('goes on where it was: output, file and exit code are those of an uninterrupted run', async () => {
    const { whole, rest, seen } = await interrupted('chain', [], chain(120), '\n40 ');
    expect(rest.exitCode).toBe(7);
    expect(continuedFrom(seen, rest.log, whole.log)).toBeGreaterThanOrEqual(39);
    expect(lines(rest.log).at(-1)).toBe(lines(whole.log).at(-1));
    for (const directory of ['held', 'restored', 'restoring', 'containers']) {
      expect(readdirSync(join(b.host.stateDir, directory))).toEqual([]);
    }
  });

  it('continues a continued job: from a checkpoint of the restored container', async () => {
    const command = chain(200);
    const options = ['-v', `${shared}:/shared`, '-v', 'cache:/cache', '--init'];
    const first = await a.start('twice', options, command);
    await until('some work', async () => (await a.logs(first)).includes('\n30 '));
    await a.checkpoint('twice', first);
    await a.host.killContainerHard(first);
    const second = await b.start('twice', options, command);
    expect(existsSync(join(b.host.stateDir, 'restored', second))).toBe(true);
    await until('more work', async () => (await b.logs(second)).includes('\n70 '));
    const image = await b.checkpoint('twice', second);
    const seen = await b.logs(second);
    await b.host.killContainerHard(second);
    const third = await a.start('twice', options, command);
    const { exitCode, log } = await a.finish(third);
    expect(exitCode).toBe(7);
    expect(a.restoresOf('twice')).toEqual([
      expect.objectContaining({ status: 'succeeded', checkpointId: image.checkpointId, containerId: third }),
    ]);
    const manifest = await a.store.find('twice', image.checkpointId);
    expect(manifest).toMatchObject({ manifest: { restoredFrom: expect.stringMatching(/^ckpt_/) } });
    expect(lines(seen)).toContain(lines(log)[0]);
    expect(lines(log).at(-2)).toMatch(/^200 /);
  });

  it('continues from the checkpoint that was asked for, once, and answers under the id of that request', async () => {
    const command = chain(80);
    const first = await a.start('pinned', [], command);
    const images = [];
    for (const step of [10, 30]) {
      await until('work', async () => (await a.logs(first)).includes(`\n${step} `));
      images.push(await a.checkpoint('pinned', first));
    }
    await a.host.killContainerHard(first);
    // A person's word counts for more than that the job is known to have ended.
    await a.store.records.markFinished('pinned', 0);
    const [older, newer] = images;
    b.pin('pinned', { restoreId: 'rst_asked', checkpointId: older!.checkpointId });
    const second = await b.start('pinned', [], command);
    const { log } = await b.finish(second);
    expect(b.restoresOf('pinned')).toEqual([
      expect.objectContaining({ status: 'succeeded', restoreId: 'rst_asked', checkpointId: older!.checkpointId }),
    ]);
    expect(Number(lines(log)[0]!.split(' ')[0])).toBeLessThan(30);
    await a.store.records.clearFinished('pinned');
    await b.finish(await b.start('pinned', [], command));
    expect(b.restoresOf('pinned').at(-1)).toMatchObject({ status: 'succeeded', checkpointId: newer!.checkpointId });

    b.pin('pinned', { restoreId: 'rst_gone', checkpointId: 'ckpt_gone' });
    expect(lines((await b.finish(await b.start('pinned', [], ['echo', 'fresh']))).log)).toEqual(['fresh']);
    expect(b.restoresOf('pinned').at(-1)).toMatchObject({
      status: 'failed',
      restoreId: 'rst_gone',
      failure: { code: 'checkpoint-not-found' },
    });
    expect(b.freshStartsOf('pinned')).toEqual([expect.stringContaining('ckpt_gone')]);
  });

  it('carries child processes and the pipes between them', async () => {
    const producer = 'i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo line $i; sleep 0.03; done';
    const command = [
      'sh',
      '-c',
      `(${producer}) | tee /var/copy | (while read l; do echo "$l" | md5sum; done) ; md5sum < /var/copy`,
    ];
    const { whole, rest, seen } = await interrupted('pipes', [], command, md5Of('line 20\n'));
    expect(rest.exitCode).toBe(0);
    expect(continuedFrom(seen, rest.log, whole.log)).toBeGreaterThan(10);
  });

  it('carries threads', async () => {
    // Node.js itself: V8's and libuv's threads, and two workers that each chain a checksum.
    const program = join(shared, 'threads.mjs');
    writeFileSync(
      program,
      `import { createHash } from 'node:crypto';
       import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
       if (isMainThread) {
         const sums = ['', ''];
         for (const n of [0, 1]) new Worker(new URL(import.meta.url), { workerData: n }).on('message', ([i, sum]) => {
           sums[n] = sum;
           if (i % 10 === 0) console.log('worker', n, i, sum);
         }).on('exit', () => console.log('end', n, sums[n]));
       } else {
         let sum = 'seed' + workerData;
         for (let i = 1; i <= 60; i++) {
           for (let k = 0; k < 3000; k++) sum = createHash('sha256').update(sum + k).digest('hex');
           parentPort.postMessage([i, sum]);
           await new Promise((r) => setTimeout(r, 20));
         }
       }`,
    );
    const mounts = ['/lib', '/lib64', '/usr/lib'].filter(existsSync).flatMap((path) => ['-v', `${path}:${path}:ro`]);
    // libuv would use io_uring, which CRIU cannot dump; Docker's own profile refuses it from Docker 25 on.
    const profile = join(shared, 'seccomp.json');
    const refused = [{ names: ['io_uring_setup'], action: 'SCMP_ACT_ERRNO' }];
    writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: refused }));
    const options = [
      '--security-opt',
      `seccomp=${profile}`,
      ...mounts,
      '-v',
      `${process.execPath}:/node:ro`,
      '-v',
      `${shared}:${shared}:ro`,
    ];
    const { whole, rest, seen } = await interrupted('threads', options, ['/node', program], 'worker 0 20 ');
    expect(rest.exitCode).toBe(0);
    // The two workers' lines interleave as they like; what each says is fixed.
    const wanted = lines(whole.log).sort();
    expect([...new Set([...lines(seen), ...lines(rest.log)])].sort()).toEqual(wanted);
    expect(lines(rest.log).length).toBeLessThan(wanted.length);
  });

  it('writes each line of a file on a bind mount once, though it was opened with O_APPEND', async () => {
    const file = join(shared, 'appended');
    const command = [
      'sh',
      '-c',
      'exec 4>>/shared/appended; i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "line $i" >&4; echo $i; sleep 0.03; done',
    ];
    const first = await a.start('append', ['-v', `${shared}:/shared`], command);
    await until('lines', async () => (await a.logs(first)).includes('\n20\n'));
    await a.checkpoint('append', first);
    await until('lines after the checkpoint', async () => (await a.logs(first)).includes('\n35\n'));
    await a.host.killContainerHard(first);
    const second = await b.start('append', ['-v', `${shared}:/shared`], command);
    expect((await b.finish(second)).exitCode).toBe(0);
    expect(b.restoresOf('append')).toEqual([expect.objectContaining({ status: 'succeeded' })]);
    expect(lines(readFileSync(file, 'utf8'))).toEqual(Array.from({ length: 60 }, (_, i) => `line ${i + 1}`));
  });

  it('carries the writable layer exactly: deletions, opaque directories, links, holes, owners and attributes', async () => {
    const change = [
      'rm /bin/zcat; rm -r /root; mkdir /root; echo new > /root/only; mkdir -p "/var/with space"/deep',
      'echo data > "/var/with space/file"; ln "/var/with space/file" /var/hard; ln -s /nowhere/at/all /var/dangling; ln -s ../etc/passwd /var/relative',
      'dd if=/dev/zero of=/var/sparse bs=1 count=1 seek=50000000 2>/dev/null; chown 123:456 /var/hard; chmod 4711 /var/sparse; mkfifo /var/fifo',
      'echo changed >> /etc/group; rm /bin/yes; mkdir /bin/yes; touch -d "2001-02-03 04:05:06" /bin/yes',
    ].join('; ');
    const list =
      'find / -xdev \\( -path /proc -o -path /sys -o -path /dev \\) -prune -o -print | sort | while read -r f; do stat -c "%n %F %a %u %g %h %s" "$f"; done';
    const sums =
      'cat /root/only /var/hard /etc/group; md5sum < /var/sparse; readlink /var/dangling; du -k /var/sparse | cut -f1';
    const command = [
      'sh',
      '-c',
      `${change}; echo ready; while [ ! -e /tmp/go ]; do sleep 0.05; done; rm /tmp/go; ${list}; ${sums}`,
    ];
    const reference = await a.start('layer-undisturbed', [], command);
    const first = await a.start('layer', [], command);
    await until(
      'ready',
      async () => (await a.logs(first)).includes('ready') && (await a.logs(reference)).includes('ready'),
    );
    setXattr(join(await rootOf(a, first), 'var', 'hard'), 'user.batchpoint', 'kept');
    await a.checkpoint('layer', first);
    await a.host.killContainerHard(first);
    const second = await b.start('layer', [], command);
    expect(getXattr(join(await rootOf(b, second), 'var', 'hard'), 'user.batchpoint')).toBe('kept');
    await Promise.all([a.exec(reference, 'touch', '/tmp/go'), b.exec(second, 'touch', '/tmp/go')]);
    const [whole, rest] = await Promise.all([a.finish(reference), b.finish(second)]);
    expect(rest.exitCode).toBe(0);
    expect(b.restoresOf('layer')).toEqual([expect.objectContaining({ status: 'succeeded' })]);
    expect(`ready\n${rest.log}`).toBe(whole.log);
  });

  it.each([
    ['with --init', ['--init']],
    ['with a terminal', ['-t']],
    ['with an open stdin', ['-i']],
    ['read-only with a tmpfs', ['--read-only', '--tmpfs', '/var']],
    ['with a named volume', ['-v', 'data:/var']],
    ['in the host network', ['--network', 'host']],
    ['with limits', ['--ulimit', 'nofile=256:512', '--memory', '128m', '--cpus', '0.5', '--pids-limit', '50']],
  ])('continues %s', async (name, options) => {
    const jobId = `option-${name.replaceAll(' ', '-')}`;
    // On a volume and a tmpfs the file is not in the writable layer; the sum over it shows that it came along, or stayed.
    const steps = 'i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "$i $(ulimit -n)"; sleep 0.03; done; exit 5';
    const { whole, rest, seen } = await interrupted(jobId, options, ['sh', '-c', steps], '\n20 ');
    expect(rest.exitCode).toBe(5);
    expect(continuedFrom(seen, rest.log, whole.log)).toBeGreaterThan(10);
  });
});

function md5Of(text: string): string {
  return execFileSync('md5sum', { input: text, encoding: 'utf8' }).slice(0, 32);
}

async function rootOf(host: ProtectedHost, containerId: string): Promise<string> {
  return `/proc/${await host.host.docker('inspect', '--format', '{{.State.Pid}}', containerId)}/root`;
}

/** setxattr(2) and getxattr(2) by perl, which every Debian has; the setfattr program it has not. */
const SYSCALLS = process.arch === 'arm64' ? { set: 5, get: 8 } : { set: 188, get: 191 };

function setXattr(path: string, name: string, value: string): void {
  const script = `exit(syscall(${SYSCALLS.set}, $ARGV[0], $ARGV[1], $ARGV[2], length($ARGV[2]), 0) == 0 ? 0 : 1)`;
  execFileSync('perl', ['-e', script, path, name, value]);
}

function getXattr(path: string, name: string): string {
  const script = `$v = "\\0" x 100; $n = syscall(${SYSCALLS.get}, $ARGV[0], $ARGV[1], $v, 100); print $n < 0 ? "none" : substr($v, 0, $n)`;
  return execFileSync('perl', ['-e', script, path, name], { encoding: 'utf8' });
}
