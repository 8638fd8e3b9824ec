import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { CheckpointImage, Report, RestoreReport } from '../../src/protocol/agent-api.js';
import type { HostFacts } from '../../src/protocol/host-facts.js';
import { newId } from '../../src/protocol/ids.js';
import { DEFAULT_POLICY, type Policy } from '../../src/protocol/policy.js';
import type { RestorePin } from '../../src/protocol/shim-api.js';
import { findInPath } from '../../src/agent/agent-settings.js';
import { CheckpointPipeline } from '../../src/agent/checkpoint/checkpoint-pipeline.js';
import { DockerEngine } from '../../src/agent/containers/docker-engine.js';
import { Runc } from '../../src/agent/engines/runc.js';
import { measureHostFacts } from '../../src/agent/host-facts.js';
import { ImageStore } from '../../src/agent/image-store/image-store.js';
import { storeRoot } from '../../src/agent/image-store/store-layout.js';
import { installShim, type ShimSettings } from '../../src/agent/shim-install.js';
import { TestHost, type TestHostOptions } from './test-host.js';

const REPOSITORY = join(import.meta.dirname, '..', '..');

/**
 * A host with the runtime shim installed and a storage, as the agent leaves it, but without an agent: checkpoints are
 * taken by the pipeline in the test's own process, and restores need none.
 */
export class ProtectedHost {
  private constructor(
    readonly host: TestHost,
    readonly store: ImageStore,
    private readonly hostId: string,
    private readonly shimSettings: ShimSettings,
    private readonly pipeline: CheckpointPipeline,
  ) {}

  static async start(
    name: string,
    mountPath: string,
    options: Pick<TestHostOptions, 'ownNetwork'> = {},
  ): Promise<ProtectedHost> {
    const host = await TestHost.start({ name, ...options });
    const hostId = newId('host');
    const runcPath = findInPath('runc', process.env)!;
    const settings: ShimSettings = {
      runc: runcPath,
      stateDir: host.stateDir,
      criuDir: host.criuDir,
      store: storeRoot(mountPath),
      node: nodeForSources(host.dir),
      main: join(REPOSITORY, 'src', 'main.ts'),
      storageWaitSeconds: 1,
      restoreLimitSeconds: 60,
    };
    await installShim(settings);
    const engine = new DockerEngine(host.dockerSocket, host.stateDir);
    const pipeline = new CheckpointPipeline({
      stateDir: host.stateDir,
      runc: new Runc({ runc: onHost(host, runcPath), criuDir: host.criuDir }),
      containers: engine,
      hostFacts: (): Promise<HostFacts> =>
        measureHostFacts({ runc: runcPath, criuDir: host.criuDir, dockerVersion: () => engine.version() }),
    });
    const store = await ImageStore.open({ mountPath, fileSystemTypes: [] }, hostId);
    const protectedHost = new ProtectedHost(host, store, hostId, settings, pipeline);
    protectedHost.configure(mountPath);
    return protectedHost;
  }

  /** What the server told this host. */
  configure(mountPath: string | null, fileSystemTypes: string[] = [], policy: Partial<Policy> = {}): void {
    const config = {
      revision: '1',
      hostId: this.hostId,
      heartbeatSeconds: 30,
      pollSeconds: 30,
      computeEnvironment: null,
      storage: mountPath === null ? null : { id: 'stor_test', kind: 'local', mountPath, fileSystemTypes },
      policy: { ...DEFAULT_POLICY, ...policy },
    };
    writeFileSync(join(this.host.stateDir, 'agent.json'), JSON.stringify(config));
  }

  /** As the agent does when a person asks for a restore. */
  pin(jobId: string, pin: RestorePin): void {
    writeFileSync(join(this.host.stateDir, 'pins', jobId), JSON.stringify(pin));
  }

  async installShim(changes: Partial<ShimSettings> = {}): Promise<void> {
    await installShim({ ...this.shimSettings, ...changes });
  }

  /** Starts a container of this job, detached; its id. */
  async start(jobId: string, options: string[], command: string[], image = this.host.image): Promise<string> {
    const job = ['--runtime', 'batchpoint', '-e', `AWS_BATCH_JOB_ID=${jobId}`];
    const network = options.includes('--network') ? [] : ['--network', 'none'];
    return this.host.docker('run', '-d', ...network, ...job, ...options, image, ...command);
  }

  async checkpoint(jobId: string, containerId: string): Promise<CheckpointImage & { checkpointId: string }> {
    await this.store.records.claim(jobId, containerId);
    const checkpointId = newId('checkpoint');
    const { image } = await this.pipeline.run({
      checkpointId,
      jobId,
      containerId,
      trigger: 'manual',
      policy: { ...DEFAULT_POLICY, keep: 5 },
      storageId: 'stor_test',
      store: this.store,
    });
    return { ...image, checkpointId };
  }

  /** The container's end: exit code and what it wrote to stdout and stderr. */
  async finish(containerId: string): Promise<{ exitCode: number; log: string }> {
    const exitCode = Number(await this.host.docker('wait', containerId));
    return { exitCode, log: await this.logs(containerId) };
  }

  /** As the job wrote it, both streams. */
  async logs(containerId: string): Promise<string> {
    return Buffer.from(
      await this.host.api.getContainer(containerId).logs({ stdout: true, stderr: true, follow: false }),
    )
      .toString('latin1')
      .replace(/[\0\x01\x02]\0\0\0[\s\S]{4}/g, '');
  }

  /** The container as `docker cp` sees a file of it. */
  async exec(containerId: string, ...command: string[]): Promise<string> {
    return this.host.docker('exec', containerId, ...command);
  }

  /** Reports waiting for the agent, oldest first. */
  reports(): Report[] {
    const outbox = join(this.host.stateDir, 'outbox');
    if (!existsSync(outbox)) return [];
    return readdirSync(outbox)
      .filter((name) => name.startsWith('rep_'))
      .sort()
      .map((name) => JSON.parse(readFileSync(join(outbox, name), 'utf8')) as Report);
  }

  restoresOf(jobId: string): RestoreReport[] {
    return this.reports().filter(
      (report) => report.type === 'restore' && report.jobId === jobId && report.status !== 'running',
    ) as RestoreReport[];
  }

  /** Messages of `job-started-fresh`. */
  freshStartsOf(jobId: string): string[] {
    return this.reports().flatMap((report) =>
      report.type === 'job-event' && report.jobId === jobId && report.event === 'job-started-fresh'
        ? [report.message]
        : [],
    );
  }

  restoreLog(): string {
    const path = join(this.host.stateDir, 'log', 'restore.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }
}

/** A directory on which several hosts keep their checkpoints. */
export function sharedStorage(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'bp-storage-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A `node` that runs our TypeScript; the shim needs one program. */
export function nodeForSources(directory: string): string {
  const path = join(directory, 'node-for-sources');
  mkdirSync(directory, { recursive: true });
  const loader = join(REPOSITORY, 'test', 'support', 'typescript-loader.mjs');
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' --import '${loader}' "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The same program, run in the network of the host, as an agent there would. */
function onHost(host: TestHost, program: string): string {
  const path = join(host.dir, `${basename(program)}-on-host`);
  writeFileSync(path, `#!/bin/sh\nexec ${[...host.enter, program].join(' ')} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Waits until something is so; throws with `what` after `seconds`. */
export async function until(what: string, is: () => boolean | Promise<boolean>, seconds = 20): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await is())) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function lines(log: string): string[] {
  return log.split(/\r?\n/).filter((line) => line !== '');
}

/**
 * How many lines of an uninterrupted run the continued container did not print again. Throws unless what was seen before
 * and what was printed after make up that run: lines after the checkpoint are repeated, none is missing or changed.
 */
export function continuedFrom(before: string, after: string, whole: string): number {
  const [wanted, rest] = [lines(whole), lines(after)];
  const skipped = wanted.length - rest.length;
  const put = [...lines(before).slice(0, skipped), ...rest];
  if (skipped <= 0 || put.join('\n') !== wanted.join('\n')) {
    throw new Error(
      `not the output of an uninterrupted run:\n--- before\n${before}\n--- after\n${after}\n--- wanted\n${whole}`,
    );
  }
  return skipped;
}
