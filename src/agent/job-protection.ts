import { join } from 'node:path';
import type { Logger } from 'pino';
import type { AgentConfig } from '../protocol/agent-api.js';
import { newId } from '../protocol/ids.js';
import { DEFAULT_POLICY } from '../protocol/policy.js';
import type { UsableAgentSettings } from './agent-settings.js';
import { CheckpointPipeline } from './checkpoint/checkpoint-pipeline.js';
import { recoverInterrupted } from './checkpoint/recover-interrupted.js';
import { CheckpointRunner } from './checkpoint-runner.js';
import type { Clock } from './clock.js';
import { ContainerWatch } from './containers/container-watch.js';
import { DockerEngine } from './containers/docker-engine.js';
import { JobContainers } from './containers/job-containers.js';
import { JobMemory } from './containers/job-memory.js';
import { JobStorage } from './containers/job-storage.js';
import { Runc } from './engines/runc.js';
import { HostExaminer } from './host-examiner.js';
import type { ImageStore } from './image-store/image-store.js';
import type { Outbox } from './outbox.js';
import { PeriodicSchedule, type PeriodicJob } from './periodic-schedule.js';
import { StorageMonitor } from './storage-monitor.js';

/**
 * All that protects the jobs of this host, and no server in it: their containers are followed, checkpointed as policy
 * asks, and the storage is kept in step with them. What happens is left in the outbox.
 */
export class JobProtection {
  readonly docker: DockerEngine;
  readonly containers: JobContainers;
  readonly storage: StorageMonitor;
  readonly host: HostExaminer;
  readonly runner: CheckpointRunner;
  private readonly jobStorage: JobStorage;
  private readonly pipeline: CheckpointPipeline;
  private readonly schedule: PeriodicSchedule;
  private readonly watch: ContainerWatch;
  private config: AgentConfig | null = null;
  /** Checkpoints an earlier process left unfinished are dealt with. */
  private recovered = false;

  constructor(
    private readonly settings: UsableAgentSettings,
    private readonly outbox: Outbox,
    clock: Clock,
    private readonly log: Logger,
  ) {
    const { stateDir, dockerSocket, runc, criuDir, checkpointsAtOnce: atOnce } = settings;
    const report = (body: Parameters<Outbox['add']>[0]): Promise<void> => outbox.add(body);
    const pinned = (): ReadonlySet<string> => new Set(this.config?.pinnedCheckpoints);
    this.docker = new DockerEngine(dockerSocket, stateDir);
    this.storage = new StorageMonitor(log, (store) => this.recover(store));
    this.host = new HostExaminer({ ...settings, dockerVersion: () => this.docker.version() }, this.storage, log);
    const policy = () => this.config?.policy ?? DEFAULT_POLICY;
    const hostProblem = () => this.host.problem();
    const listener = {
      started: async (container: Parameters<JobStorage['started']>[0]) => {
        await this.jobStorage.started(container, !this.watch.catchingUp);
        this.schedule.poke();
      },
      ended: (container: Parameters<JobStorage['ended']>[0]) => this.jobStorage.ended(container),
    };
    const hostFacts = () => this.host.facts();
    const context = { policy, hostProblem, hostFacts, shimPath: this.shimPath, report };
    this.containers = new JobContainers(this.docker, new JobMemory(stateDir), context, listener, log);
    const store = () => this.storage.store;
    this.jobStorage = new JobStorage(this.containers, this.docker, { store, pinned, report }, clock, log);
    this.pipeline = new CheckpointPipeline({
      stateDir,
      runc: new Runc({ runc, criuDir }),
      containers: this.docker,
      hostFacts,
    });
    const { pipeline, containers, storage } = this;
    this.runner = new CheckpointRunner(pipeline, containers, storage, { report, pinned, now: () => clock.now() }, log);
    const take = (job: PeriodicJob) => this.takePeriodic(job);
    this.schedule = new PeriodicSchedule({ jobs: () => this.periodicJobs(), take, clock, atOnce });
    this.watch = new ContainerWatch(this.docker, this.containers, clock, log);
  }

  get shimPath(): string {
    return join(this.settings.stateDir, 'bin', 'batchpoint-runc');
  }

  /** What an earlier process knew, and the configuration it had. */
  async load(config: AgentConfig | null): Promise<void> {
    await this.containers.load();
    this.config = config;
    if (config === null) return;
    this.storage.use(config.storage, config.hostId);
    await this.storage.check();
  }

  /** The loops, until `signal` aborts. Each rejects only when it cannot go on. */
  run(signal: AbortSignal): Record<'discovery' | 'schedule', Promise<void>> {
    const discovery = this.watch.run(signal);
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    // Not before Docker was listed: until then it is not known what runs.
    const schedule = Promise.race([this.watch.ready, stopped]).then(() => this.schedule.run(signal));
    return { discovery, schedule };
  }

  /** A configuration that is not the one in force. */
  async configure(config: AgentConfig): Promise<void> {
    this.config = config;
    this.storage.use(config.storage, config.hostId);
    await this.upkeep();
    await this.containers.reconsider();
    this.schedule.poke();
  }

  /** Looks at the storage, and does what waited for it or for its time. */
  async upkeep(): Promise<void> {
    await this.storage.check();
    await this.jobStorage.sweep();
  }

  /** Looks at the host, seconds long, and at what that means for its jobs. */
  async examine(): Promise<void> {
    await this.host.examine();
    await this.containers.reconsider();
  }

  /** Runs once, with the first store that is ready, before anything can be checkpointed. */
  private async recover(store: ImageStore): Promise<void> {
    if (this.recovered) return;
    await recoverInterrupted(this.settings.stateDir, store, async (found) => {
      const { checkpointId, jobId, containerId, status } = found;
      this.log.warn(
        { checkpointId, jobId, containerId, status },
        'a checkpoint that an earlier agent did not bring to its end',
      );
      await this.outbox.add({ type: 'checkpoint', ...found });
    });
    const swept = await store.sweepStaging();
    if (swept.length > 0) this.log.info({ swept }, 'unfinished images removed');
    this.recovered = true;
  }

  private periodicJobs(): PeriodicJob[] {
    return this.containers
      .running()
      .filter(({ report }) => report.protected && report.policy.mode === 'periodic')
      .map(({ report, lastCheckpointAt }) => ({
        containerId: report.containerId,
        jobId: report.jobId,
        interval: report.policy.interval,
        lastCheckpointAt,
      }));
  }

  private async takePeriodic({ jobId, containerId }: PeriodicJob): Promise<boolean> {
    // Someone asked for one just now: that one counts.
    if (this.pipeline.isBusy(containerId)) return true;
    const order = { checkpointId: newId('checkpoint'), jobId, containerId, trigger: 'periodic' as const };
    return (await this.runner.run(order)) === null;
  }
}
