import { join } from 'node:path';
import type { Logger } from 'pino';
import type { AgentConfig, HeartbeatRequest, SessionRequest } from '../protocol/agent-api.js';
import type { HostFacts, HostFinding } from '../protocol/host-facts.js';
import { newId } from '../protocol/ids.js';
import { DEFAULT_POLICY } from '../protocol/policy.js';
import type { AgentSettings } from './agent-settings.js';
import { CheckpointPipeline } from './checkpoint/checkpoint-pipeline.js';
import { recoverInterrupted } from './checkpoint/recover-interrupted.js';
import { CheckpointRunner } from './checkpoint-runner.js';
import { systemClock } from './clock.js';
import { CheckpointCommand } from './commands/checkpoint.command.js';
import { CommandJournal } from './commands/command-journal.js';
import { CommandLoop } from './commands/command-loop.js';
import { DeleteCheckpointCommand } from './commands/delete-checkpoint.command.js';
import { RestoreCommand } from './commands/restore.command.js';
import { VerifyCheckpointCommand } from './commands/verify-checkpoint.command.js';
import { VerifyStorageCommand } from './commands/verify-storage.command.js';
import { ContainerWatch } from './containers/container-watch.js';
import { DockerEngine } from './containers/docker-engine.js';
import { JobContainers } from './containers/job-containers.js';
import { JobMemory } from './containers/job-memory.js';
import { JobStorage } from './containers/job-storage.js';
import { examineHost, hostProblem } from './doctor.js';
import { storageFinding } from './doctor/storage.check.js';
import { Runc } from './engines/runc.js';
import { measureHostFacts } from './host-facts.js';
import type { ImageStore } from './image-store/image-store.js';
import { storeRoot } from './image-store/store-layout.js';
import { LocalState } from './local-state.js';
import { Outbox } from './outbox.js';
import { OutboxSender } from './outbox-sender.js';
import { PeriodicSchedule, type PeriodicJob } from './periodic-schedule.js';
import { ServerClient } from './server-client.js';
import { ServerLink } from './server-link.js';
import { installShim, type ShimSettings } from './shim-install.js';
import { StateLock } from './state-lock.js';
import { StorageMonitor } from './storage-monitor.js';

export interface AgentOptions {
  log: Logger;
  /** What runs the restore program; by default this very program. */
  shimProgram?: Pick<ShimSettings, 'node' | 'main'>;
}

/** Storage, leftovers of ended jobs, and a tenth of it the schedule's longest sleep. */
const UPKEEP_MS = 30_000;
const EXAMINE_MS = 3_600_000;
/** A running checkpoint gets this long at SIGTERM; then it is left to the freeze guard, which thaws the job. */
const STOP_LIMIT_MS = 12_000;
const FLUSH_LIMIT_MS = 3_000;

/**
 * The daemon: puts the parts together, in the order that a restart after a kill needs, and keeps their loops running.
 * Everything a job's protection needs is on this host and its storage; the server is told, and asked for changes.
 */
export class Agent {
  private readonly docker: DockerEngine;
  private readonly containers: JobContainers;
  private readonly storage: StorageMonitor;
  private readonly jobStorage: JobStorage;
  private readonly pipeline: CheckpointPipeline;
  private readonly runner: CheckpointRunner;
  private readonly schedule: PeriodicSchedule;
  private readonly watch: ContainerWatch;
  private readonly commands: CommandLoop;
  private readonly sender: OutboxSender;
  private readonly link: ServerLink;
  private readonly log: Logger;
  private config: AgentConfig | null = null;
  private findings: HostFinding[] = [];
  private facts: Promise<HostFacts> | null = null;
  /** Checkpoints an earlier process left unfinished are dealt with. */
  private recovered = false;
  /** Aborted at `stop`: nothing new is begun. */
  private readonly stopping = new AbortController();
  private readonly loops: Promise<void>[] = [];
  /** Rejects when the agent cannot go on. */
  readonly failed: Promise<never>;
  private fail!: (error: unknown) => void;

  private constructor(
    private readonly settings: AgentSettings & { runc: string },
    private readonly options: AgentOptions,
    private readonly lock: StateLock,
    private readonly state: LocalState,
    private readonly outbox: Outbox,
    private readonly journal: CommandJournal,
  ) {
    const { stateDir } = settings;
    const shimPath = join(stateDir, 'bin', 'batchpoint-runc');
    const log = (this.log = options.log);
    const clock = systemClock;
    const report = (body: Parameters<Outbox['add']>[0]): Promise<void> => this.outbox.add(body);
    const pinned = (): ReadonlySet<string> => new Set(this.config?.pinnedCheckpoints);
    this.failed = new Promise((_, reject) => (this.fail = reject));
    this.failed.catch(() => undefined);

    this.docker = new DockerEngine(settings.dockerSocket, stateDir);
    this.storage = new StorageMonitor(log, (store) => this.recover(store));
    this.containers = new JobContainers(
      this.docker,
      new JobMemory(stateDir),
      {
        policy: () => this.config?.policy ?? DEFAULT_POLICY,
        hostProblem: () => hostProblem(this.findings),
        shimPath,
        report,
      },
      {
        started: async (container) => {
          await this.jobStorage.started(container, !this.watch.catchingUp);
          this.schedule.poke();
        },
        ended: (container) => this.jobStorage.ended(container),
      },
      log,
    );
    this.jobStorage = new JobStorage(this.containers, this.docker, { store: () => this.storage.store, pinned, report }, clock, log);
    this.pipeline = new CheckpointPipeline({
      stateDir,
      runc: new Runc({ runc: settings.runc, criuDir: settings.criuDir }),
      containers: this.docker,
      hostFacts: () => this.hostFacts(),
    });
    this.runner = new CheckpointRunner(this.pipeline, this.containers, this.storage, { report, pinned, now: () => clock.now() }, log);
    this.schedule = new PeriodicSchedule({
      jobs: () => this.periodicJobs(),
      take: (job) => this.takePeriodic(job),
      clock,
      atOnce: settings.checkpointsAtOnce,
    });
    this.watch = new ContainerWatch(this.docker, this.containers, clock, log);

    const client = new ServerClient(settings.serverUrl);
    this.commands = new CommandLoop(
      client,
      journal,
      [
        new CheckpointCommand(this.runner, this.storage),
        new RestoreCommand(this.docker, this.containers, this.storage, { stateDir, shimPath }),
        new VerifyCheckpointCommand(this.storage),
        new DeleteCheckpointCommand(this.storage),
        new VerifyStorageCommand(this.storage, clock),
      ],
      clock,
      log,
    );
    this.sender = new OutboxSender(client, outbox, clock, log);
    const context = {
      describeHost: () => this.describeHost(),
      heartbeat: () => this.heartbeat(),
      config: () => this.config,
      configured: (config: AgentConfig) => this.configured(config),
    };
    const { joinToken } = settings;
    this.link = new ServerLink({ client, state, lock, joinToken, commands: this.commands, sender: this.sender, context, clock, log });
  }

  /** Throws when the state directory is in use, or cannot be used. */
  static async start(settings: AgentSettings & { runc: string }, options: AgentOptions): Promise<Agent> {
    const state = await LocalState.open(settings.stateDir);
    const lock = StateLock.acquire(settings.stateDir);
    try {
      // Before anything else, and without the storage: a job that a killed agent left frozen runs on.
      await recoverInterrupted(settings.stateDir, null);
      const outbox = new Outbox(settings.stateDir, { onTrouble: (message) => options.log.error(message) });
      const journal = new CommandJournal(settings.stateDir);
      const agent = new Agent(settings, options, lock, state, outbox, journal);
      await agent.begin();
      return agent;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Lets running checkpoints finish within limits, sends what it can, and leaves no job frozen. Call it once. */
  async stop(): Promise<void> {
    this.log.info('stopping');
    this.stopping.abort();
    if (!(await this.runner.close(STOP_LIMIT_MS))) {
      this.log.warn('a checkpoint did not finish in time: it is given up, and reported at the next start; the job runs on');
    }
    // After the loops: two senders would report twice.
    await Promise.race([Promise.all(this.loops), systemClock.sleep(1000)]);
    await this.sender.flush(AbortSignal.timeout(FLUSH_LIMIT_MS)).catch((error: Error) =>
      this.log.warn({ waiting: this.outbox.waiting, reason: error.message }, 'reports stay on disk for the next start'),
    );
    this.lock.release();
    this.log.info('stopped');
  }

  private async begin(): Promise<void> {
    const { signal } = this.stopping;
    await this.outbox.open();
    await this.journal.open();
    await this.containers.load();
    this.config = await this.state.loadConfig();
    await this.installShim();
    if (this.config !== null) {
      this.storage.use(this.config.storage, this.config.hostId);
      await this.storage.check();
    }
    this.log.info({ stateDir: this.state.directory, server: this.settings.serverUrl, hostId: this.state.identity.host?.hostId }, 'agent started');
    void this.examine();
    this.loop('discovery', this.watch.run(signal));
    this.loop('schedule', this.watch.ready.then(() => this.schedule.run(signal)));
    this.loop('upkeep', this.every(UPKEEP_MS, () => this.upkeep()));
    this.loop('examination', this.every(EXAMINE_MS, () => this.examine()));
    this.loop('server', this.link.run(signal));
  }

  private loop(name: string, work: Promise<void>): void {
    this.loops.push(
      work.catch((error: unknown) => {
        this.log.fatal({ loop: name, reason: (error as Error).message, stack: (error as Error).stack }, 'the agent cannot go on');
        this.fail(error);
      }),
    );
  }

  private async every(ms: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    for (;;) {
      await systemClock.sleep(ms, signal);
      if (signal.aborted) return;
      await work().catch((error: Error) => this.log.error({ reason: error.message }, 'upkeep failed; it is tried again'));
    }
  }

  private async upkeep(): Promise<void> {
    const before = this.storage.health?.ready;
    await this.storage.check();
    if (this.storage.health?.ready !== before) this.link.poke();
    await this.jobStorage.sweep();
  }

  /** Runs once, with the first store that is ready, before anything can be checkpointed. */
  private async recover(store: ImageStore): Promise<void> {
    if (this.recovered) return;
    for (const found of await recoverInterrupted(this.state.directory, store)) {
      const { checkpointId, jobId, containerId, status } = found;
      this.log.warn({ checkpointId, jobId, containerId, status }, 'a checkpoint that an earlier agent did not finish');
      await this.outbox.add({ type: 'checkpoint', ...found });
    }
    const swept = await store.sweepStaging();
    if (swept.length > 0) this.log.info({ swept }, 'unfinished images removed');
    this.recovered = true;
  }

  private async configured(config: AgentConfig): Promise<void> {
    const changed = config.revision !== this.config?.revision;
    this.config = config;
    await this.state.saveConfig(config);
    if (!changed) return;
    this.log.info({ revision: config.revision, storage: config.storage?.mountPath ?? null, mode: config.policy.mode, interval: config.policy.interval }, 'configuration in force');
    await this.installShim();
    this.storage.use(config.storage, config.hostId);
    await this.upkeep();
    await this.containers.reconsider();
    this.schedule.poke();
  }

  private async installShim(): Promise<void> {
    const { stateDir, runc, criuDir } = this.settings;
    const storage = this.config?.storage ?? null;
    const store = storage === null ? '' : storeRoot(storage.mountPath);
    const { shim, changed } = await installShim({ stateDir, runc, criuDir, store, ...this.options.shimProgram });
    if (changed) this.log.info({ shim, store }, 'runtime shim brought up to date');
  }

  private async examine(): Promise<void> {
    const { stateDir, dockerSocket, criuDir, runc } = this.settings;
    this.findings = await examineHost({ stateDir, dockerSocket, criuDir, runc });
    this.facts = null;
    for (const finding of this.findings) if (finding.severity === 'error') this.log.error({ ...finding }, 'this host has a problem');
    await this.containers.reconsider();
  }

  private hostFacts(): Promise<HostFacts> {
    const { runc, criuDir } = this.settings;
    return (this.facts ??= measureHostFacts({ runc, criuDir, dockerVersion: () => this.docker.version() }));
  }

  private async describeHost(): Promise<SessionRequest> {
    return { facts: await this.hostFacts(), findings: this.currentFindings() };
  }

  private heartbeat(): HeartbeatRequest {
    return {
      storage: this.storage.health,
      runningJobs: this.containers.running().length,
      unsentReports: this.outbox.waiting,
      findings: this.currentFindings(),
    };
  }

  /** Of the storage, what was found last; and what the outbox had to give up. */
  private currentFindings(): HostFinding[] {
    const mountPath = this.config?.storage?.mountPath;
    const findings = this.findings.filter(({ check }) => mountPath === undefined || check !== 'storage');
    if (mountPath !== undefined) findings.push(storageFinding(this.storage.health, mountPath));
    if (this.outbox.dropped > 0) {
      const message = `${this.outbox.dropped} informational reports were given up for want of room on this host's disk`;
      findings.push({ check: 'outbox', severity: 'warning', message, remedy: 'free some space, and see why the server was away' });
    }
    return findings;
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
    return (await this.runner.run({ checkpointId: newId('checkpoint'), jobId, containerId, trigger: 'periodic' })) === null;
  }
}
