import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { FakeClock } from '../../../test/fakes/fake-clock.js';
import { commitSample } from '../../../test/support/image-samples.js';
import type { CheckpointReport, ContainerReport, JobEventReport } from '../../protocol/agent-api.js';
import { DEFAULT_POLICY } from '../../protocol/policy.js';
import { ImageStore } from '../image-store/image-store.js';
import { JobStorage } from './job-storage.js';
import type { RememberedContainer } from './job-memory.js';

const HOUR = 3_600_000;

describe('JobStorage', () => {
  let folder: string;
  let store: ImageStore;
  let ready: boolean;
  let clock: FakeClock;
  let containers: RememberedContainer[];
  let reports: CheckpointReport[];
  let events: JobEventReport[];
  let environment: Record<string, string>;
  let pinned: Set<string>;
  let runcRoot: string | null;
  let restoredFrom: string | null;
  let storage: JobStorage;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bp-job-storage-'));
    store = await ImageStore.open({ mountPath: folder, fileSystemTypes: [] }, 'host_a');
    [ready, clock, containers, reports, pinned] = [true, new FakeClock(Date.now()), [], [], new Set()];
    [runcRoot, restoredFrom, environment, events] = ['/run/runc', null, {}, []];
    storage = new JobStorage(
      {
        all: () => containers,
        remember: (id, change) => {
          Object.assign(
            containers.find(({ report }) => report.containerId === id)!,
            change,
          );
          return Promise.resolve();
        },
      },
      {
        environment: () => Promise.resolve(environment),
        runcRoot: () => Promise.resolve(runcRoot),
        restoredFrom: () => Promise.resolve(restoredFrom),
      },
      {
        store: () => (ready ? store : null),
        pinned: () => pinned,
        report: (report) => {
          if (report.type === 'job-event') events.push(report);
          else reports.push(report);
          return Promise.resolve();
        },
      },
      clock,
      pino({ level: 'silent' }),
    );
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function container(change: Partial<ContainerReport> = {}): RememberedContainer {
    const report: ContainerReport = {
      type: 'container',
      jobId: 'job',
      attempt: 1,
      jobQueue: null,
      computeEnvironment: null,
      containerId: 'c1',
      containerName: 'n',
      image: 'i',
      command: [],
      status: 'running',
      exitCode: null,
      startedAt: new Date(clock.now()).toISOString(),
      finishedAt: null,
      protected: true,
      unprotectedReason: null,
      policy: DEFAULT_POLICY,
      ...change,
    };
    const remembered = { report, claimed: false, lastCheckpointAt: null, problemsReported: true, settled: false };
    containers.push(remembered);
    return remembered;
  }
  const end = (remembered: RememberedContainer, exitCode: number): void => {
    Object.assign(remembered.report, { status: 'exited', exitCode, finishedAt: new Date(clock.now()).toISOString() });
  };
  const left = async (): Promise<string[]> => (await store.list('job')).map(({ checkpointId }) => checkpointId);
  const owner = async (): Promise<string | undefined> => (await store.records.owner('job'))?.containerId;

  it('claims the job for a container that starts', async () => {
    const started = container();
    await storage.started(started, true);
    expect(await owner()).toBe('c1');
    expect(started.claimed).toBe(true);
  });

  it('puts the images where the job wants them, and says once what of that it does not follow', async () => {
    environment = { MMC_CHECKPOINT_IMAGE_PATH: '/scratch', MMC_CHECKPOINT_IMAGE_SUBPATH: 'team/rnaseq' };
    const started = container();
    await storage.started(started, true);
    await commitSample(store, 'job');
    expect(readdirSync(join(folder, 'team', 'rnaseq', 'job.checkpoints'))).toContain('owner.json');
    const message = `MMC_CHECKPOINT_IMAGE_PATH="/scratch" is ignored: not in ${folder}, where the checkpoint storage is mounted; the job goes on as it would without it`;
    const failure = {
      code: 'invalid-job-policy',
      message,
      remedy: 'correct MMC_CHECKPOINT_IMAGE_PATH in the job definition',
    };
    const about = { type: 'job-event', jobId: 'job', containerId: 'c1', event: 'job-policy-ignored' };
    expect(events).toEqual([{ ...about, message, failure }]);
    await storage.sweep();
    expect(events).toHaveLength(1);
    end(started, 0);
    await storage.ended(started);
    expect(readdirSync(folder)).toEqual(['batchpoint']);
  });

  it('says what stands in the way of a sub-path, and claims the job all the same', async () => {
    writeFileSync(join(folder, 'team'), 'a file');
    environment = { MMC_CHECKPOINT_IMAGE_SUBPATH: 'team/rnaseq' };
    await storage.started(container(), true);
    expect(await owner()).toBe('c1');
    expect(events.map(({ message }) => message)).toEqual([
      expect.stringContaining(`${folder}/team is not a directory`),
    ]);
  });

  it('removes what was taken of a job before it had several containers, and stays its owner', async () => {
    await storage.started(container(), true);
    await commitSample(store, 'job');
    const unprotectedReason = { code: 'several-containers' as const, message: 'log' };
    await storage.started(container({ containerId: 'c2', protected: false, unprotectedReason }), true);
    expect(await left()).toEqual([]);
    expect(await owner()).toBe('c2');
    expect(reports).toMatchObject([{ status: 'deleted' }]);
  });

  it('takes a job over when the start is seen, whatever clocks say', async () => {
    const other = await ImageStore.open({ mountPath: folder, fileSystemTypes: [] }, 'host_b');
    await other.records.claim('job', 'elsewhere');
    await storage.started(container({ startedAt: '2020-01-01T00:00:00Z' }), true);
    expect(await owner()).toBe('c1');
  });

  it('does not take back a job that was started elsewhere while this agent was away', async () => {
    const mine = container({ startedAt: '2020-01-01T00:00:00.000Z' });
    const other = await ImageStore.open({ mountPath: folder, fileSystemTypes: [] }, 'host_b');
    await other.records.claim('job', 'elsewhere');
    await storage.started(mine, false);
    expect(await owner()).toBe('elsewhere');
    // And its end is not the job's.
    await commitSample(other, 'job', { containerId: 'elsewhere' });
    end(mine, 0);
    await storage.ended(mine);
    expect(await left()).toHaveLength(1);
    expect(mine.settled).toBe(true);
  });

  it('claims nothing for a container that is not under our runtime, or that the restore program claimed', async () => {
    runcRoot = null;
    await storage.started(container(), true);
    [runcRoot, restoredFrom] = ['/run/runc', 'ckpt_1'];
    await storage.started(container({ containerId: 'c2' }), true);
    expect(await owner()).toBeUndefined();
  });

  it('catches up when the storage comes back', async () => {
    ready = false;
    const started = container();
    await storage.started(started, true);
    await storage.sweep();
    expect(started.claimed).toBe(false);
    ready = true;
    await storage.sweep();
    expect(await owner()).toBe('c1');
  });

  it('removes everything of a job that succeeded, and says so', async () => {
    const started = container();
    await storage.started(started, true);
    const images = [await commitSample(store, 'job'), await commitSample(store, 'job')];
    end(started, 0);
    await storage.ended(started);
    expect(await store.jobKeys()).toEqual([]);
    expect(reports.map(({ checkpointId, status }) => [checkpointId, status]).sort()).toEqual(
      images.map(({ checkpointId }) => [checkpointId, 'deleted']).sort(),
    );
    await storage.sweep();
    expect(reports).toHaveLength(2);
  });

  it('leaves pinned images, and all of them in diagnosis, marked as finished', async () => {
    const started = container();
    await storage.started(started, true);
    const [pinnedImage] = [await commitSample(store, 'job'), await commitSample(store, 'job')];
    pinned.add(pinnedImage.checkpointId);
    end(started, 0);
    await storage.ended(started);
    expect(await left()).toEqual([pinnedImage.checkpointId]);
    expect(await store.records.finished('job')).toMatchObject({ exitCode: 0 });

    const diagnosed = container({ containerId: 'c2', policy: { ...DEFAULT_POLICY, diagnosis: true } });
    await storage.started(diagnosed, true);
    await commitSample(store, 'job', { containerId: 'c2' });
    end(diagnosed, 0);
    await storage.ended(diagnosed);
    expect(await left()).toHaveLength(2);
  });

  it('keeps the images of a job that failed until its retention is over, unless it was started again', async () => {
    const policy = { ...DEFAULT_POLICY, failureRetention: '2h' };
    const failed = container({ policy });
    await storage.started(failed, true);
    await commitSample(store, 'job');
    end(failed, 1);
    await storage.ended(failed);
    await clock.advance(HOUR);
    await storage.sweep();
    expect(await left()).toHaveLength(1);
    await clock.advance(2 * HOUR);
    await storage.sweep();
    expect(await left()).toEqual([]);
    expect(failed.settled).toBe(true);
  });

  it('leaves the images of a failed attempt to the next one', async () => {
    const policy = { ...DEFAULT_POLICY, failureRetention: '2h' };
    const failed = container({ policy });
    await storage.started(failed, true);
    await commitSample(store, 'job');
    end(failed, 1);
    await storage.started(container({ containerId: 'c2', policy }), true);
    await clock.advance(3 * HOUR);
    await storage.sweep();
    expect(await left()).toHaveLength(1);
  });
});
