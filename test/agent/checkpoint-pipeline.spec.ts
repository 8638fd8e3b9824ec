import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { FailureError, type Failure } from '../../src/protocol/failure.js';
import { isReadable } from '../../src/agent/image-store/stored-image.js';
import { jobDirectory } from '../../src/agent/image-store/store-layout.js';
import { CheckpointRig } from '../support/checkpoint-rig.js';
import { describeNeeding } from '../support/requires.js';
import { TestHost } from '../support/test-host.js';

/** Counts in memory, in a file of the writable layer and in one that CRIU carries, in this order. */
const COUNT =
  'n=0; while :; do n=$((n+1)); echo $n >/layer.new; mv /layer.new /layer; echo $n >/dev/shm/new; mv /dev/shm/new /dev/shm/memory; done';

/** The machine's own perl (part of every Debian and Ubuntu) in the container, for calls that busybox does not make. */
const WITH_PERL = [
  '--security-opt',
  'seccomp=unconfined',
  ...['/usr', '/lib', '/lib64'].flatMap((path) => ['-v', `${path}:${path}:ro`]),
];
const PERL = '/usr/bin/perl -e';

describeNeeding(['linux', 'root', 'docker', 'criu'], 'checkpoint pipeline', () => {
  let host: TestHost;
  let rig: CheckpointRig;
  let storage: string;

  beforeAll(async () => {
    host = await TestHost.start();
    storage = mkdtempSync(join(host.dir, 'storage-'));
    rig = await CheckpointRig.on(host, storage);
  }, 120_000);
  afterAll(() => host?.stop(), 60_000);

  const failureOf = async (work: Promise<unknown>): Promise<Failure> => {
    const error = await work.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FailureError);
    return (error as FailureError).failure;
  };
  const leftovers = (jobId: string): string[] => [
    ...readdirSync(jobDirectory(rig.store.root, jobId)).filter((name) => name.startsWith('.')),
    ...readdirSync(join(host.stateDir, 'checkpoints')),
  ];

  it('makes a whole image, tells each step, and the job runs on', async () => {
    const data = mkdtempSync(join(host.dir, 'data-'));
    const id = await rig.startJob('runs-on', `exec 3>>/data/out; echo 12345 >&3; ${COUNT}`, '-v', `${data}:/data`);
    await rig.expectRunning(id, '/layer');
    const steps: string[] = [];
    const { image, warnings } = await rig.pipeline.run(rig.request('runs-on', id), {
      onStep: (step) => steps.push(step),
    });
    await rig.expectRunning(id, '/layer');
    expect(steps).toEqual([
      'claim',
      'inspect',
      'check',
      'freeze',
      'observe',
      'dump',
      'capture-layer',
      'thaw',
      'seal',
      'commit',
      'prune',
    ]);
    expect(warnings).toEqual([]);
    expect(image).toMatchObject({ sequence: 1, parentId: null, storageId: 'stor_rig' });
    expect(image.freezeSeconds).toBeGreaterThan(0);
    expect(image.totalSeconds).toBeGreaterThan(image.freezeSeconds);

    const [entry] = (await rig.store.list('runs-on')).filter(isReadable);
    expect(join(storage, image.path)).toBe(entry!.directory);
    const verified = await rig.store.verify('runs-on', entry!);
    expect(verified).toMatchObject({ bytesRead: image.totalBytes, extraFiles: [] });
    expect(entry!.manifest.bindMountFiles).toEqual([{ destination: '/data', path: 'out', bytes: 6 }]);
    expect(entry!.manifest.files.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['criu/inventory.img', 'layer.tar']),
    );
    expect(leftovers('runs-on')).toEqual([]);
    await host.docker('rm', '-f', id);
  });

  it('catches memory and files in one moment', async () => {
    const id = await rig.startJob('one-moment', COUNT, '--shm-size', '1m');
    await rig.expectRunning(id, '/layer');
    for (let round = 0; round < 5; round += 1) {
      const { image } = await rig.checkpoint('one-moment', id);
      const directory = join(storage, image.path);
      const layer = Number(
        execFileSync('tar', ['-xOf', join(directory, 'layer.tar'), './layer'], { encoding: 'utf8' }),
      );
      const memory = readdirSync(join(directory, 'criu'))
        .filter((name) => name.startsWith('tmpfs-dev-'))
        .flatMap(
          (name) =>
            /memory\0[\s\S]*?ustar[\s\S]*?\0(\d+)\n/.exec(
              gunzipSync(readFileSync(join(directory, 'criu', name))).toString('latin1'),
            )?.[1] ?? [],
        );
      expect(memory).toHaveLength(1);
      // The file in the layer is written first: it is equal, or one ahead.
      expect(layer - Number(memory[0])).toBeGreaterThanOrEqual(0);
      expect(layer - Number(memory[0])).toBeLessThanOrEqual(1);
      await sleep(50);
    }
    expect(await rig.store.list('one-moment')).toHaveLength(2);
    await host.docker('rm', '-f', id);
  });

  it('takes one checkpoint of a container at a time', async () => {
    const id = await rig.startJob('busy', COUNT);
    const first = rig.checkpoint('busy', id);
    expect(rig.pipeline.isBusy(id)).toBe(true);
    expect(await failureOf(rig.checkpoint('busy', id))).toMatchObject({
      code: 'checkpoint-in-progress',
      step: 'claim',
    });
    await first;
    expect(rig.pipeline.isBusy(id)).toBe(false);
    await rig.checkpoint('busy', id);
    await host.docker('rm', '-f', id);
  });

  it('refuses, with the reason and the remedy, what cannot be checkpointed, and leaves it as it was', async () => {
    const id = await rig.startJob('refused', `sleep 1000 & echo $! >/sleeper; ${COUNT}`);
    await rig.expectRunning(id, '/layer');
    const refused = async (code: string, words: string, policy = {}): Promise<void> => {
      const failure = await failureOf(rig.checkpoint('refused', id, policy));
      expect(failure).toMatchObject({
        code,
        message: expect.stringContaining(words),
        remedy: expect.any(String),
        step: expect.any(String),
      });
      expect(leftovers('refused')).toEqual([]);
    };
    await refused('checkpointing-off', 'refused', { mode: 'off' });

    await host.docker('exec', id, 'sh', '-c', 'kill -STOP $(cat /sleeper)');
    await refused('process-stopped', 'sleep');
    await host.docker('exec', id, 'sh', '-c', 'kill -CONT $(cat /sleeper)');
    await rig.expectRunning(id, '/layer');

    await host.docker('pause', id);
    await refused('container-paused', id);
    expect(await (await rig.freezerOf(id)).state()).toBe('frozen');
    await host.docker('unpause', id);

    const record = join(host.stateDir, 'containers', id);
    const text = readFileSync(record);
    rmSync(record);
    await refused('not-under-batchpoint-runtime', 'batchpoint');
    writeFileSync(record, text);

    await rig.store.records.claim('refused', 'another');
    await refused('fenced', 'another');
    await rig.store.records.claim('refused', id);
    await rig.checkpoint('refused', id);
    await host.docker('rm', '-f', id);
    await refused('job-not-running', id);
  });

  it('names what CRIU cannot dump before it touches the container: io_uring', async () => {
    const id = await rig.startJob(
      'io-uring',
      `${PERL} 'my $p = "\\0" x 120; syscall(425, 8, $p) >= 0 or die "no io_uring: $!"; sleep 1 while 1' & ${COUNT}`,
      ...WITH_PERL,
    );
    await rig.expectRunning(id, '/layer');
    const failure = await failureOf(rig.checkpoint('io-uring', id));
    expect(failure).toMatchObject({
      code: 'unsupported-resource',
      step: 'check',
      message: expect.stringMatching(/\(perl\) has io_uring open/),
    });
    expect(failure.remedy).toContain('seccomp profile');
    await rig.expectRunning(id, '/layer');
    await host.docker('rm', '-f', id);
  });

  it("gives the root line of CRIU's log when the dump fails, and the job runs on", async () => {
    const shared = mkdtempSync(join(host.dir, 'shared-'));
    const outside = createServer().listen(join(shared, 'outside.sock'));
    const connect = `use Socket; socket(S, PF_UNIX, SOCK_STREAM, 0); connect(S, sockaddr_un("/host/outside.sock")) or die $!; sleep 1 while 1`;
    const id = await rig.startJob(
      'outside',
      `${PERL} '${connect}' & sleep 1; ${COUNT}`,
      ...WITH_PERL,
      '-v',
      `${shared}:/host`,
    );
    await rig.expectRunning(id, '/layer');
    const failure = await failureOf(rig.checkpoint('outside', id, { diagnosis: true }));
    expect(failure).toMatchObject({
      code: 'dump-failed',
      step: 'dump',
      logLine: expect.stringMatching(/^Error \(criu\/sk-unix/),
    });
    await rig.expectRunning(id, '/layer');
    // Kept for a person to read, as the policy asks.
    expect(leftovers('outside')).toHaveLength(1);
    rmSync(join(host.stateDir, 'checkpoints', leftovers('outside')[0]!), { recursive: true });
    outside.close();
    await host.docker('rm', '-f', id);
  });

  it('reports a container that ends during the dump as that', async () => {
    const id = await rig.startJob('ends', COUNT);
    await rig.expectRunning(id, '/layer');
    const { State } = await host.api.getContainer(id).inspect();
    const failure = await failureOf(
      rig.pipeline.run(rig.request('ends', id), {
        onStep: (step) => {
          if (step === 'dump') process.kill(State.Pid, 'SIGKILL');
        },
      }),
    );
    expect(failure).toMatchObject({ code: 'container-exited', step: 'dump' });
    expect(leftovers('ends')).toEqual([]);
    expect(await host.docker('wait', id)).toBe('137');
    await host.docker('rm', '-f', id);
  });

  it('gives up a dump that takes longer than policy allows, and the job runs on', async () => {
    const id = await rig.startJob('slow', COUNT);
    await rig.expectRunning(id, '/layer');
    const failure = await failureOf(rig.checkpoint('slow', id, { timeout: '30ms' }));
    expect(failure).toMatchObject({ code: 'dump-timed-out', step: 'dump' });
    await rig.expectRunning(id, '/layer');
    expect(leftovers('slow')).toEqual([]);
    await rig.checkpoint('slow', id);
    await host.docker('rm', '-f', id);
  });
});
