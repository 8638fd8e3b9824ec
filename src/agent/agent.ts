import { mkdir } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { AgentConfig, HeartbeatRequest, SessionRequest } from '../protocol/agent-api.js';
import type { HostFinding } from '../protocol/host-facts.js';
import type { UsableAgentSettings } from './agent-settings.js';
import { recoverInterrupted } from './checkpoint/recover-interrupted.js';
import { systemClock } from './clock.js';
import { CheckpointCommand } from './commands/checkpoint.command.js';
import { CommandJournal } from './commands/command-journal.js';
import { CommandLoop } from './commands/command-loop.js';
import { DeleteCheckpointCommand } from './commands/delete-checkpoint.command.js';
import { RestoreCommand } from './commands/restore.command.js';
import { VerifyCheckpointCommand } from './commands/verify-checkpoint.command.js';
import { VerifyStorageCommand } from './commands/verify-storage.command.js';
import { storeRoot } from './image-store/store-layout.js';
import { JobProtection } from './job-protection.js';
import { LocalState } from './local-state.js';
import { Outbox } from './outbox.js';
import { OutboxSender } from './outbox-sender.js';
import { ServerClient } from './server-client.js';
import { ServerLink } from './server-link.js';
import { installShim, type ShimSettings } from './shim-install.js';
import { StateLock } from './state-lock.js';

export interface AgentOptions {
  log: Logger;
  /** What runs the restore program; by default this very program. */
  shimProgram?: Pick<ShimSettings, 'node' | 'main'>;
}

/** How often the storage is looked at, and what waited for it is done. */
const UPKEEP_MS = 30_000;
const EXAMINE_MS = 900_000;
/** A running checkpoint gets this long at SIGTERM; then it is left to the freeze guard, which thaws the job. */
const STOP_LIMIT_MS = 12_000;
const FLUSH_LIMIT_MS = 3_000;

/**
 * The daemon: started in the order that a restart after a kill needs, then a few loops. Everything a job's protection
 * needs is on this host and its storage; the server is told, and asked for changes.
 */
export class Agent {
  private readonly protection: JobProtection;
  private readonly sender: OutboxSender;
  private readonly link: ServerLink;
  private readonly log: Logger;
  private config: AgentConfig | null = null;
  /** Aborted at `stop`: nothing new is begun. */
  private readonly stopping = new AbortController();
  private readonly loops: Promise<void>[] = [];
  /** Rejects when the agent cannot go on. */
  readonly failed: Promise<never>;
  private fail!: (error: unknown) => void;

  private constructor(
    private readonly settings: UsableAgentSettings,
    private readonly options: AgentOptions,
    private readonly lock: StateLock,
    private readonly state: LocalState,
    private readonly outbox: Outbox,
    private readonly journal: CommandJournal,
  ) {
    const log = (this.log = options.log);
    const clock = systemClock;
    this.failed = new Promise((_, reject) => (this.fail = reject));
    this.failed.catch(() => undefined);
    const protection = (this.protection = new JobProtection(settings, outbox, clock, log));
    const { docker, containers, storage, runner, shimPath } = protection;
    const client = new ServerClient(settings.serverUrl);
    this.sender = new OutboxSender(client, outbox, clock, log);
    const handlers = [
      new CheckpointCommand(runner, storage),
      new RestoreCommand(docker, containers, storage, { stateDir: settings.stateDir, shimPath }),
      new VerifyCheckpointCommand(storage),
      new DeleteCheckpointCommand(storage),
      new VerifyStorageCommand(storage, clock),
    ];
    this.link = new ServerLink({
      client,
      state,
      lock,
      joinToken: settings.joinToken,
      commands: new CommandLoop(client, journal, handlers, clock, log),
      sender: this.sender,
      context: {
        describeHost: () => this.describeHost(),
        heartbeat: () => this.heartbeat(),
        config: () => this.config,
        configured: (config) => this.configured(config),
      },
      clock,
      log,
    });
  }

  /** Throws when the state directory is in use, or cannot be used. */
  static async start(settings: UsableAgentSettings, options: AgentOptions): Promise<Agent> {
    const { stateDir } = settings;
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    const lock = StateLock.acquire(stateDir);
    try {
      // Before anything else, and without the storage: a job that a killed agent left frozen runs on.
      await recoverInterrupted(stateDir, null);
      const state = await LocalState.open(stateDir);
      const outbox = new Outbox(stateDir, { onTrouble: (message) => options.log.error(message) });
      const agent = new Agent(settings, options, lock, state, outbox, new CommandJournal(stateDir));
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
    if (!(await this.protection.runner.close(STOP_LIMIT_MS))) {
      this.log.warn('a checkpoint did not finish in time: it is given up and told at the next start; the job runs on');
    }
    // After the loops: two senders would report twice.
    await Promise.race([Promise.all(this.loops), systemClock.sleep(1000)]);
    try {
      await this.sender.flush(AbortSignal.timeout(FLUSH_LIMIT_MS));
    } catch (error) {
      const reason = (error as Error).message;
      this.log.warn({ waiting: this.outbox.waiting, reason }, 'reports stay on disk for the next start');
    }
    this.lock.release();
    this.log.info('stopped');
  }

  private async begin(): Promise<void> {
    const { signal } = this.stopping;
    await this.outbox.open();
    await this.journal.open();
    this.config = await this.state.loadConfig();
    await this.installShim();
    await this.protection.load(this.config);
    const { stateDir, serverUrl } = this.settings;
    this.log.info({ stateDir, serverUrl, hostId: this.state.identity.host?.hostId }, 'agent started');
    for (const [name, work] of Object.entries(this.protection.run(signal))) this.loop(name, work);
    this.loop(
      'upkeep',
      this.every(UPKEEP_MS, false, () => this.upkeep()),
    );
    this.loop(
      'examination',
      this.every(EXAMINE_MS, true, () => this.protection.examine()),
    );
    this.loop('server', this.link.run(signal));
  }

  private loop(name: string, work: Promise<void>): void {
    const ended = work.catch((error: unknown) => {
      const { message: reason, stack } = error as Error;
      this.log.fatal({ loop: name, reason, stack }, 'the agent cannot go on');
      this.fail(error);
    });
    this.loops.push(ended);
  }

  private async every(ms: number, atOnce: boolean, work: () => Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    if (!atOnce) await systemClock.sleep(ms, signal);
    while (!signal.aborted) {
      await work().catch((error: Error) =>
        this.log.error({ reason: error.message }, 'upkeep failed; it is tried again'),
      );
      await systemClock.sleep(ms, signal);
    }
  }

  private async upkeep(): Promise<void> {
    const { storage } = this.protection;
    const before = storage.health?.ready;
    await this.protection.upkeep();
    if (storage.health?.ready !== before) this.link.poke();
  }

  private async configured(config: AgentConfig): Promise<void> {
    const changed = config.revision !== this.config?.revision;
    this.config = config;
    await this.state.saveConfig(config);
    if (!changed) return;
    const { revision, storage, policy } = config;
    const { mode, interval } = policy;
    this.log.info({ revision, storage: storage?.mountPath ?? null, mode, interval }, 'configuration in force');
    await this.installShim();
    await this.protection.configure(config);
    this.link.poke();
  }

  private async installShim(): Promise<void> {
    const { stateDir, runc, criuDir } = this.settings;
    const mountPath = this.config?.storage?.mountPath;
    const store = mountPath === undefined ? '' : storeRoot(mountPath);
    const { shim, changed } = await installShim({ stateDir, runc, criuDir, store, ...this.options.shimProgram });
    if (changed) this.log.info({ shim, store }, 'runtime shim brought up to date');
  }

  private async describeHost(): Promise<SessionRequest> {
    return { facts: await this.protection.host.facts(), findings: this.findings() };
  }

  private heartbeat(): HeartbeatRequest {
    const { storage, containers } = this.protection;
    return {
      storage: storage.health,
      runningJobs: containers.running().length,
      unsentReports: this.outbox.waiting,
      findings: this.findings(),
    };
  }

  /** Of the host; and what the outbox had to give up. */
  private findings(): HostFinding[] {
    const findings = this.protection.host.findings();
    const { dropped } = this.outbox;
    if (dropped === 0) return findings;
    const message = `${dropped} informational reports were given up for want of room on this host's disk`;
    const remedy = 'free some space, and see why the server was away';
    return [...findings, { check: 'outbox', severity: 'warning', message, remedy }];
  }
}
