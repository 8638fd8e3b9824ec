import type { Logger } from 'pino';
import type { ContainerReport, JobEventReport } from '../../protocol/agent-api.js';
import type { Failure } from '../../protocol/failure.js';
import type { HostFacts } from '../../protocol/host-facts.js';
import { jobPolicy, mergePolicy, type Policy, type PolicyProblem } from '../../protocol/policy.js';
import type { ContainerEnd, ContainerObserver } from './container-watch.js';
import { isGpuDevice, isGpuRequest, requestedCount, givenGpus } from '../gpu/gpu-request.js';
import { gpuJobProblem } from '../gpu/gpu-rules.js';
import { commandOf, type DockerEngine, type Inspection } from './docker-engine.js';
import { gpuRequest, gpuSettings, memoryLimit } from './gpu-settings.js';
import { ignoredVariable } from './ignored-variable.js';
import { environmentOf, jobIdentity, nodesOfJob, taskOf } from './job-identity.js';
import type { JobMemory, RememberedContainer } from './job-memory.js';
import { unprotectedReason } from './protection.js';

/** What the containers' tracker asks of the agent. */
export interface JobContainersContext {
  /** The policy of the host's environment, before the job's own variables. */
  policy(): Policy;
  /** Why no job of this host can be checkpointed; null when the host is fit. */
  hostProblem(): Failure | null;
  /** What was measured of the host. Asked for jobs with a GPU only. */
  hostFacts(): Promise<HostFacts>;
  /** Where our shim is: what Docker has registered under that path is our runtime. */
  shimPath: string;
  report(report: ContainerReport | JobEventReport): Promise<void>;
}

/** Told what happened to a job's container, after it was reported and remembered. Must not throw. */
export interface JobContainersListener {
  started(container: RememberedContainer): Promise<void>;
  ended(container: RememberedContainer): Promise<void>;
}

const SEVERAL = 'several-containers';

/** The containers of Batch jobs on this host: what they are now, what was said of them, and what was not yet. */
export class JobContainers implements ContainerObserver {
  private readonly known = new Map<string, RememberedContainer>();
  /** What Docker last said of those it still has. */
  private readonly inDocker = new Map<string, Inspection>();
  /** Containers of no job: looked at once. */
  private readonly others = new Set<string>();
  /** Docker's names for our shim. */
  private ourRuntimes: readonly string[] = [];

  constructor(
    private readonly docker: DockerEngine,
    private readonly memory: JobMemory,
    private readonly context: JobContainersContext,
    private readonly listener: JobContainersListener,
    private readonly log: Logger,
  ) {}

  async load(): Promise<void> {
    for (const container of await this.memory.load()) this.known.set(container.report.containerId, container);
  }

  all(): RememberedContainer[] {
    return [...this.known.values()];
  }

  running(): RememberedContainer[] {
    return this.all().filter((container) => container.report.status === 'running');
  }

  find(containerId: string): RememberedContainer | null {
    return this.known.get(containerId) ?? null;
  }

  /** The job's running container, the latest started when there are several. */
  runningOf(jobId: string): RememberedContainer | null {
    const candidates = this.running().filter((container) => container.report.jobId === jobId);
    return candidates.sort((a, b) => ((a.report.startedAt ?? '') < (b.report.startedAt ?? '') ? 1 : -1))[0] ?? null;
  }

  async connected(): Promise<void> {
    this.ourRuntimes = await this.docker.runtimesOf(this.context.shimPath);
    if (this.ourRuntimes.length === 0)
      this.log.error({ shim: this.context.shimPath }, 'Docker does not know our runtime: jobs are seen, not protected');
  }

  async seen(found: Inspection): Promise<void> {
    if (this.others.has(found.Id)) return;
    const environment = environmentOf(found.Config.Env);
    if (jobIdentity(environment) === null) {
      this.others.add(found.Id);
      return;
    }
    this.inDocker.set(found.Id, found);
    await this.look(found);
    // One that was alone in its task until now is so no longer.
    for (const sibling of this.siblingsOf(found)) {
      const report = this.known.get(sibling.Id)?.report;
      if (report?.status === 'running' && report.unprotectedReason?.code !== SEVERAL) await this.look(sibling);
    }
  }

  async gone(containerId: string, end: ContainerEnd | null): Promise<void> {
    this.others.delete(containerId);
    const container = this.known.get(containerId);
    this.inDocker.delete(containerId);
    if (container === undefined) return;
    const { report } = container;
    if (report.status === 'created' || report.status === 'running') {
      const status = end === null ? ('lost' as const) : ('exited' as const);
      const finishedAt = end?.at ?? new Date().toISOString();
      await this.take({ ...report, status, exitCode: end?.exitCode ?? null, finishedAt }, []);
    }
    await this.forgetIfSettled(containerId);
  }

  async listed(containerIds: ReadonlySet<string>): Promise<void> {
    for (const id of this.known.keys()) if (!containerIds.has(id)) await this.gone(id, null);
    for (const id of this.others) if (!containerIds.has(id)) this.others.delete(id);
  }

  /** After a change of configuration or of the host: says again what changed of the running containers. */
  async reconsider(): Promise<void> {
    for (const found of [...this.inDocker.values()]) {
      if (this.known.get(found.Id)?.report.status === 'running') await this.seen(found);
    }
  }

  /** Does nothing for a container that is no longer known. */
  async remember(containerId: string, change: Partial<Omit<RememberedContainer, 'report'>>): Promise<void> {
    const container = this.known.get(containerId);
    if (container === undefined) return;
    Object.assign(container, change);
    await this.save(container);
    if (!this.inDocker.has(containerId)) await this.forgetIfSettled(containerId);
  }

  private async look(found: Inspection): Promise<void> {
    const { override, problems } = jobPolicy(environmentOf(found.Config.Env));
    const policy = mergePolicy(this.context.policy(), override);
    await this.take(await this.reportOf(found, policy), problems);
  }

  /** The others of its task, ended ones included: they all have the job's id, and one's image must not become another. */
  private siblingsOf(found: Inspection): Inspection[] {
    const task = taskOf(found.Config.Labels);
    if (task === null) return [];
    return [...this.inDocker.values()].filter(
      (other) => other.Id !== found.Id && taskOf(other.Config.Labels)?.arn === task.arn,
    );
  }

  private async take(report: ContainerReport, problems: PolicyProblem[]): Promise<void> {
    const before = this.known.get(report.containerId);
    // Docker's answer may be older than what an event told: an end is never taken back.
    if (before !== undefined && isEnd(before) && report.status !== 'running') return;
    if (before !== undefined && JSON.stringify(before.report) === JSON.stringify(report)) return;
    const restarted = before !== undefined && isEnd(before) && report.status === 'running';
    const container: RememberedContainer =
      before === undefined || restarted
        ? {
            report,
            claimed: false,
            lastCheckpointAt: null,
            problemsReported: before?.problemsReported ?? false,
            settled: false,
          }
        : { ...before, report };
    this.known.set(report.containerId, container);
    this.logChange(before?.report, report);
    await this.context.report(report);
    if (!container.problemsReported) {
      for (const problem of problems) await this.reportProblem(report, problem);
      container.problemsReported = true;
    }
    await this.save(container);
    if (report.status === before?.report.status && !restarted) return;
    if (report.status === 'running') await this.listener.started(container);
    if (isEnd(container)) await this.listener.ended(container);
  }

  /** A full disk must not blind the agent: what is not remembered is told again after a restart, no more. */
  private async save(container: RememberedContainer): Promise<void> {
    const { jobId, containerId } = container.report;
    await this.memory
      .save(container)
      .catch((error: Error) =>
        this.log.error({ jobId, containerId, reason: error.message }, 'cannot remember a container'),
      );
  }

  private async reportOf(found: Inspection, policy: Policy): Promise<ContainerReport> {
    const environment = environmentOf(found.Config.Env);
    const job = jobIdentity(environment)!;
    const { State: state, HostConfig: hostConfig } = found;
    const status = state.Status === 'created' ? 'created' : state.Running ? 'running' : 'exited';
    const before = this.known.get(found.Id)?.report;
    const obstacle = unprotectedReason({
      policy,
      // Docker calls the runtime when the container starts; before that its choice of runtime tells.
      underOurRuntime:
        (await this.docker.runcRoot(found.Id)) !== null ||
        (status !== 'running' && this.ourRuntimes.includes(hostConfig.Runtime ?? '')),
      privileged: hostConfig.Privileged ?? false,
      devices: devicesOf(found),
      usernsMode: hostConfig.UsernsMode ?? '',
      gpuProblem: await this.gpuProblem(found),
      nodes: nodesOfJob(environment),
      siblings: this.siblingsOf(found).map((other) => taskOf(other.Config.Labels)!.container),
      hostProblem: this.context.hostProblem(),
    });
    // Docker forgets the containers that ended.
    const reason = before?.unprotectedReason?.code === SEVERAL ? before.unprotectedReason : obstacle;
    const ended = status === 'exited' && before !== undefined;
    // Asked once for each container: the image behind it never changes, and may be gone later.
    const imageBytes = before?.imageBytes ?? (await this.docker.imageBytes(found.Image));
    return {
      type: 'container',
      ...job,
      containerId: found.Id,
      containerName: found.Name.replace(/^\//, ''),
      image: found.Config.Image,
      ...(imageBytes === null ? {} : { imageBytes }),
      command: commandOf(found),
      status,
      exitCode: status === 'exited' ? state.ExitCode : null,
      startedAt: timeOrNull(state.StartedAt),
      finishedAt: status === 'exited' ? timeOrNull(state.FinishedAt) : null,
      // Whether it was protected does not change with its end, though the shim's record goes.
      protected: ended ? before.protected : reason === null,
      unprotectedReason: ended ? before.unprotectedReason : reason,
      policy: ended ? before.policy : policy,
    };
  }

  private async gpuProblem(found: Inspection): Promise<Failure | null> {
    const request = gpuRequest(found);
    if (request === null) return null;
    const { gpus = [], nvidiaDriver = null, gpuCheckpoints = false, memoryBytes } = await this.context.hostFacts();
    const job = {
      // Of `all` where none was found: whatever it is, the driver does not answer.
      count: Math.max(1, requestedCount(request, gpus)),
      gpus: givenGpus(request, gpus),
      memoryLimitBytes: memoryLimit(found),
    };
    return gpuJobProblem(job, { memoryBytes, driver: nvidiaDriver, gpuCheckpoints });
  }

  private async reportProblem({ jobId, containerId }: ContainerReport, problem: PolicyProblem): Promise<void> {
    const event = ignoredVariable({ jobId, containerId }, problem);
    this.log.warn({ jobId, containerId, variable: problem.variable }, event.message);
    await this.context.report(event);
  }

  private logChange(before: ContainerReport | undefined, now: ContainerReport): void {
    const { jobId, containerId, status, exitCode, unprotectedReason: reason } = now;
    if (before?.status !== status) this.log.info({ jobId, containerId, exitCode }, `job container ${status}`);
    if (status === 'running' && (before?.status !== 'running' || before.protected !== now.protected)) {
      if (now.protected)
        this.log.info({ jobId, containerId, mode: now.policy.mode, interval: now.policy.interval }, 'job is protected');
      else this.log.warn({ jobId, containerId, code: reason?.code, reason: reason?.message }, 'job is not protected');
    }
  }

  private async forgetIfSettled(containerId: string): Promise<void> {
    if (this.known.get(containerId)?.settled !== true) return;
    this.known.delete(containerId);
    await this.memory.forget(containerId);
  }
}

function isEnd({ report }: RememberedContainer): boolean {
  return report.status === 'exited' || report.status === 'lost';
}

/** Docker writes year 1 for "not yet". */
function timeOrNull(time: string | undefined): string | null {
  if (time === undefined || time === '' || time.startsWith('0001-')) return null;
  return new Date(time).toISOString();
}

/** GPUs have rules of their own. */
function devicesOf(found: Inspection): string[] {
  const { deviceRequests, devices } = gpuSettings(found);
  return [
    ...deviceRequests
      .filter((request) => !isGpuRequest(request))
      .map((request) => request.Capabilities?.flat().join('+') || request.Driver || 'device request'),
    ...devices.filter((path) => !isGpuDevice(path)),
  ];
}
