import { afterEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../test/fakes/fake-clock.js';
import { PeriodicSchedule, type PeriodicJob } from './periodic-schedule.js';

const MINUTE = 60_000;

class Scene {
  readonly clock = new FakeClock();
  readonly begun = this.clock.now();
  jobs: PeriodicJob[] = [];
  /** Minutes after the start at which each checkpoint began. */
  readonly taken: { containerId: string; minute: number }[] = [];
  takes = 0;
  atOnceSeen = 0;
  private current = 0;
  private readonly stop = new AbortController();
  private readonly done: Promise<void>;
  readonly schedule: PeriodicSchedule;

  constructor({
    durationMs = 0,
    succeeds = () => true,
    random = () => 0,
    atOnce = 1,
  }: { durationMs?: number; succeeds?: () => boolean; random?: () => number; atOnce?: number } = {}) {
    this.schedule = new PeriodicSchedule({
      clock: this.clock,
      random,
      atOnce,
      jobs: () => this.jobs,
      take: async (job) => {
        this.taken.push({ containerId: job.containerId, minute: (this.clock.now() - this.begun) / MINUTE });
        this.current += 1;
        this.atOnceSeen = Math.max(this.atOnceSeen, this.current);
        if (durationMs > 0) await this.clock.sleep(durationMs);
        this.current -= 1;
        const committed = succeeds();
        if (committed) job.lastCheckpointAt = new Date(this.clock.now()).toISOString();
        return committed;
      },
    });
    this.done = this.schedule.run(this.stop.signal);
  }

  add(containerId: string, interval = '10m', lastCheckpointAt: string | null = null): PeriodicJob {
    const job = { containerId, jobId: `job-${containerId}`, interval, lastCheckpointAt };
    this.jobs.push(job);
    this.schedule.poke();
    return job;
  }

  minutes(): number[] {
    return this.taken.map(({ minute }) => minute);
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.clock.advance(0);
    await this.done;
  }
}

describe('PeriodicSchedule', () => {
  let scene: Scene;
  afterEach(() => scene.end());

  it('counts the interval from the end of one checkpoint to the start of the next', async () => {
    scene = new Scene({ durationMs: 2 * MINUTE });
    scene.add('a');
    await scene.clock.advance(45 * MINUTE);
    expect(scene.minutes()).toEqual([5, 17, 29, 41]);
  });

  it('takes the first one early by up to half the interval, at random', async () => {
    const draws = [0, 0.5, 1];
    scene = new Scene({ random: () => draws.shift()! });
    for (const id of ['a', 'b', 'c']) scene.add(id);
    await scene.clock.advance(10 * MINUTE);
    expect(scene.taken).toEqual([
      { containerId: 'a', minute: 5 },
      { containerId: 'b', minute: 7.5 },
      { containerId: 'c', minute: 10 },
    ]);
  });

  it('goes on from the last checkpoint after a restart of the agent', async () => {
    scene = new Scene();
    scene.add('a', '10m', new Date(scene.begun - 4 * MINUTE).toISOString());
    scene.add('late', '10m', new Date(scene.begun - 60 * MINUTE).toISOString());
    await scene.clock.advance(9 * MINUTE);
    expect(scene.taken).toEqual([
      { containerId: 'late', minute: 0 },
      { containerId: 'a', minute: 6 },
    ]);
  });

  it('runs no more at once than allowed, the longest overdue first', async () => {
    scene = new Scene({ durationMs: MINUTE, atOnce: 2 });
    for (const [id, ago] of [
      ['a', 30],
      ['b', 20],
      ['c', 40],
      ['d', 25],
    ] as const) {
      scene.add(id, '10m', new Date(scene.begun - ago * MINUTE).toISOString());
    }
    await scene.clock.advance(5 * MINUTE);
    expect(scene.taken.map(({ containerId }) => containerId)).toEqual(['c', 'a', 'd', 'b']);
    expect(scene.atOnceSeen).toBe(2);
  });

  it('waits longer after each failure in a row, and no longer after a success', async () => {
    let failing = true;
    scene = new Scene({ succeeds: () => !failing, random: () => 1 });
    scene.add('a', '1m');
    await scene.clock.advance(24 * MINUTE);
    expect(scene.minutes()).toEqual([1, 3, 7, 15, 23]);
    failing = false;
    await scene.clock.advance(10 * MINUTE);
    expect(scene.minutes().slice(5)).toEqual([31, 32, 33, 34]);
  });

  it('counts a checkpoint somebody asked for', async () => {
    scene = new Scene();
    const job = scene.add('a');
    await scene.clock.advance(4 * MINUTE);
    job.lastCheckpointAt = new Date(scene.clock.now()).toISOString();
    scene.schedule.poke();
    await scene.clock.advance(11 * MINUTE);
    expect(scene.minutes()).toEqual([14]);
  });

  it('follows a changed interval and forgets a job that left', async () => {
    scene = new Scene();
    const job = scene.add('a', '1h');
    await scene.clock.advance(2 * MINUTE);
    job.interval = '6m';
    scene.schedule.poke();
    await scene.clock.advance(2 * MINUTE);
    expect(scene.minutes()).toEqual([3]);
    scene.jobs = [];
    await scene.clock.advance(120 * MINUTE);
    expect(scene.minutes()).toEqual([3]);
  });
});
