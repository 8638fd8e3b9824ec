import type { Clock } from './clock.js';
import { parseDuration } from '../protocol/duration.js';

/** A container that is to be checkpointed at an interval. */
export interface PeriodicJob {
  containerId: string;
  jobId: string;
  /** Go style. */
  interval: string;
  /** End of its last checkpoint, whatever the trigger; null before the first. */
  lastCheckpointAt: string | null;
}

export interface PeriodicScheduleOptions {
  /** The jobs to keep on schedule, asked anew at each turn. */
  jobs: () => PeriodicJob[];
  /** Takes one checkpoint; resolves when it ended, true when it was committed. Must not reject. */
  take: (job: PeriodicJob) => Promise<boolean>;
  clock: Clock;
  /** Checkpoints at the same time: they share the host's disk and network. */
  atOnce?: number;
  random?: () => number;
}

/** Failures in a row stretch the interval, up to this factor. */
const LONGEST_STRETCH = 8;
/** The longest the schedule sleeps: new jobs and changed intervals are seen at the latest then. */
const LONGEST_SLEEP_MS = 60_000;

interface Track {
  /** From here the interval counts. */
  base: number;
  /** Share of the interval to wait: less than 1 only before the first checkpoint. */
  share: number;
  failures: number;
  running: boolean;
}

/**
 * When each job is checkpointed next: an interval after the end of its last checkpoint. The first one comes early by a
 * random part of up to half the interval, so that jobs that started together do not dump together ever after.
 */
export class PeriodicSchedule {
  private readonly tracks = new Map<string, Track>();
  private readonly running = new Set<Promise<void>>();
  private wake: (() => void) | null = null;

  constructor(private readonly options: PeriodicScheduleOptions) {}

  /** Looks again now: a job came, or its policy changed. */
  poke(): void {
    this.wake?.();
  }

  /** Until `signal` aborts; then the checkpoints under way are waited for (whoever takes them stops them). */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pause = this.startDue();
      const woken = new AbortController();
      this.wake = () => woken.abort();
      await this.options.clock.sleep(pause, AbortSignal.any([signal, woken.signal]));
    }
    await Promise.all(this.running);
  }

  /** Starts what is due and may start; returns the milliseconds until the next look. */
  private startDue(): number {
    const now = this.options.clock.now();
    const jobs = this.options.jobs();
    this.follow(jobs, now);
    const waiting = jobs
      .map((job) => ({ job, track: this.tracks.get(job.containerId)! }))
      .filter(({ track }) => !track.running)
      .map((entry) => ({ ...entry, due: this.dueAt(entry.job, entry.track) }))
      .sort((a, b) => a.due - b.due);
    for (const { job, track, due } of waiting) {
      if (due > now) return Math.min(due - now, LONGEST_SLEEP_MS);
      if (this.running.size >= (this.options.atOnce ?? 1)) break;
      this.start(job, track);
    }
    return LONGEST_SLEEP_MS;
  }

  private start(job: PeriodicJob, track: Track): void {
    track.running = true;
    const work = this.options.take(job).then((committed) => {
      Object.assign(track, {
        base: this.options.clock.now(),
        share: 1,
        failures: committed ? 0 : track.failures + 1,
        running: false,
      });
      this.running.delete(work);
      this.poke();
    });
    this.running.add(work);
  }

  private follow(jobs: readonly PeriodicJob[], now: number): void {
    const ids = new Set(jobs.map((job) => job.containerId));
    for (const id of this.tracks.keys()) if (!ids.has(id)) this.tracks.delete(id);
    for (const job of jobs) {
      const last = job.lastCheckpointAt === null ? null : Date.parse(job.lastCheckpointAt);
      const track = this.tracks.get(job.containerId);
      if (track === undefined) {
        const random = (this.options.random ?? Math.random)();
        const fresh = { base: now, share: 0.5 + random / 2, failures: 0, running: false };
        this.tracks.set(job.containerId, last === null ? fresh : { ...fresh, base: last, share: 1 });
      } else if (last !== null && last > track.base) {
        // A manual checkpoint counts as well.
        Object.assign(track, { base: last, share: 1, failures: 0 });
      }
    }
  }

  private dueAt(job: PeriodicJob, track: Track): number {
    const stretch = Math.min(LONGEST_STRETCH, 2 ** track.failures);
    return track.base + parseDuration(job.interval) * track.share * stretch;
  }
}
