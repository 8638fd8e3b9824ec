import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type FailureError } from '../../src/protocol/failure.js';
import { CheckpointJournal } from '../../src/agent/checkpoint/checkpoint-journal.js';
import type { CheckpointStepName } from '../../src/agent/checkpoint/checkpoint-step.js';
import { recoverInterrupted } from '../../src/agent/checkpoint/recover-interrupted.js';
import { isReadable } from '../../src/agent/image-store/stored-image.js';
import { jobDirectory } from '../../src/agent/image-store/store-layout.js';
import { CheckpointRig } from '../support/checkpoint-rig.js';
import { describeNeeding } from '../support/requires.js';
import { SmallDisk } from '../support/small-disk.js';
import { TestHost } from '../support/test-host.js';

/** Without children, so that a process lost is noticed. */
const COUNT = 'sleep 1000 & n=0; while :; do n=$((n+1)); echo $n >/count; done';
/** The guard thaws at once, or when CRIU has come to its end. */
const THAW_LIMIT_MS = 2_000;

const MOMENTS: { step: CheckpointStepName | 'committed'; afterMs: number; committed: boolean }[] = [
  { step: 'claim', afterMs: 0, committed: false },
  { step: 'inspect', afterMs: 0, committed: false },
  { step: 'check', afterMs: 0, committed: false },
  { step: 'freeze', afterMs: 0, committed: false },
  { step: 'observe', afterMs: 0, committed: false },
  { step: 'dump', afterMs: 0, committed: false },
  ...[20, 60, 100, 160].map((afterMs) => ({ step: 'dump' as const, afterMs, committed: false })),
  { step: 'capture-layer', afterMs: 0, committed: false },
  { step: 'thaw', afterMs: 0, committed: false },
  { step: 'seal', afterMs: 0, committed: false },
  { step: 'commit', afterMs: 0, committed: false },
  { step: 'committed', afterMs: 0, committed: true },
];

describeNeeding(['linux', 'root', 'docker', 'criu'], 'checkpoint pipeline, interrupted', () => {
  let host: TestHost;
  let rig: CheckpointRig;

  beforeAll(async () => {
    host = await TestHost.start();
    rig = await CheckpointRig.on(host, mkdtempSync(join(host.dir, 'storage-')));
  }, 120_000);
  afterAll(() => host?.stop(), 60_000);

  it('killed at any step: the job runs on, the previous checkpoint stands, and the next start cleans up and says so', async () => {
    const id = await rig.startJob('killed', COUNT);
    await rig.expectRunning(id, '/count');
    const previous = (await rig.checkpoint('killed', id)).image;
    const freezer = await rig.freezerOf(id);
    const processes = (await freezer.pids()).length;
    let images = 1;
    for (const { step, afterMs, committed } of MOMENTS) {
      const about = `${step} + ${afterMs} ms`;
      const ended = await rig.inProcess('killed', id, { step, afterMs });
      const deadline = Date.now() + THAW_LIMIT_MS;
      while ((await freezer.state()) !== 'thawed' && Date.now() < deadline) await sleep(20);
      expect([about, await freezer.state(), (await freezer.pids()).length]).toEqual([about, 'thawed', processes]);
      await rig.expectRunning(id, '/count');
      // A dump that was quicker than the timer has gone further than meant, but then no less right.
      expect([about, ended.signal ?? ended.code]).toEqual([about, afterMs === 0 ? 'SIGKILL' : expect.anything()]);

      const recovered = await recoverInterrupted(host.stateDir, rig.store);
      if (ended.signal === 'SIGKILL') {
        expect([about, recovered]).toEqual([
          about,
          [expect.objectContaining({ checkpointId: ended.checkpointId, jobId: 'killed', containerId: id })],
        ]);
        if (afterMs === 0) expect([about, recovered[0]!.status]).toEqual([about, committed ? 'committed' : 'failed']);
        if (recovered[0]!.status === 'failed')
          expect(recovered[0]!.failure).toMatchObject({ code: 'agent-restarted', remedy: expect.any(String) });
        else images += 1;
      }
      const entries = await rig.store.list('killed');
      expect(entries.every(isReadable)).toBe(true);
      expect([about, entries.length]).toEqual([about, images]);
      for (const entry of entries) await rig.store.verify('killed', entry);
      expect([
        about,
        readdirSync(jobDirectory(rig.store.root, 'killed')).filter((name) => name.startsWith('.')),
      ]).toEqual([about, []]);
      expect([about, readdirSync(join(host.stateDir, 'checkpoints'))]).toEqual([about, []]);
    }
    expect((await rig.store.list('killed')).map(({ sequence }) => sequence)).toContain(previous.sequence);
    // And the container can still be checkpointed.
    await rig.checkpoint('killed', id);
    await host.docker('rm', '-f', id);
  });

  it('thaws at the start of an agent whose guard was killed too, before the storage is there', async () => {
    const id = await rig.startJob('no-guard', COUNT);
    const freezer = await rig.freezerOf(id);
    const { checkpointId } = await rig.inProcess('no-guard', id, { step: 'inspect', afterMs: 0 });
    const [left] = await CheckpointJournal.leftBehind(host.stateDir);
    const journal = await CheckpointJournal.open(host.stateDir, left!.record);
    await journal.setFrozen({ path: freezer.path, version: freezer.version, guardPid: 2 ** 22 });
    await freezer.freeze(5_000);
    expect(await recoverInterrupted(host.stateDir, null)).toEqual([]);
    expect(await freezer.state()).toBe('thawed');
    await rig.expectRunning(id, '/count');
    expect(await recoverInterrupted(host.stateDir, rig.store)).toMatchObject([{ checkpointId, status: 'failed' }]);
    expect(await recoverInterrupted(host.stateDir, rig.store)).toEqual([]);
    await host.docker('rm', '-f', id);
  });

  it('a full disk fails the checkpoint in words, before or during the dump, and the job runs on', async () => {
    const disk = await SmallDisk.create('ext4', 48);
    try {
      const full = await CheckpointRig.on(host, disk.mountPath);
      const fill = 'dd if=/dev/urandom of=/big bs=1M count=12 2>/dev/null;';
      const id = await full.startJob('full', fill + COUNT);
      await full.expectRunning(id, '/count');
      const first = (await full.checkpoint('full', id)).image;
      const failureOf = async (work: Promise<unknown>): Promise<FailureError['failure']> =>
        ((await work.catch((reason: unknown) => reason)) as FailureError).failure;

      const during = await failureOf(
        full.pipeline.run(full.request('full', id), {
          onStep: (step) => {
            // Somebody else takes the space between the check and the dump.
            if (step === 'freeze') void disk.fill();
          },
        }),
      );
      expect(during).toMatchObject({
        code: 'storage-full',
        step: expect.stringMatching(/freeze|dump|capture-layer|seal|commit/),
      });
      await full.expectRunning(id, '/count');
      await disk.fill();
      const before = await failureOf(full.checkpoint('full', id));
      expect(before).toMatchObject({
        code: 'storage-full',
        step: 'check',
        message: expect.stringMatching(/needs about .* MiB.* free of/),
      });
      await full.expectRunning(id, '/count');

      const entries = await full.store.list('full');
      expect(entries.map(({ sequence }) => sequence)).toEqual([first.sequence]);
      await full.store.verify('full', entries[0]!);
      await disk.makeRoom();
      expect((await full.checkpoint('full', id)).image.sequence).toBe(2);
      await host.docker('rm', '-f', id);
    } finally {
      await disk.remove();
    }
  });
});
