import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../../src/protocol/ids.js';
import { DEFAULT_POLICY, type PolicyOverride } from '../../src/protocol/policy.js';
import type { CheckpointStepName } from '../../src/agent/checkpoint/checkpoint-step.js';
import type { CheckpointRequest } from '../../src/agent/checkpoint/checkpoint-context.js';
import { CheckpointPipeline, type CheckpointOutcome } from '../../src/agent/checkpoint/checkpoint-pipeline.js';
import { DockerEngine } from '../../src/agent/containers/docker-engine.js';
import { Freezer } from '../../src/agent/engines/freezer.js';
import { Runc } from '../../src/agent/engines/runc.js';
import { ImageStore } from '../../src/agent/image-store/image-store.js';
import { SAMPLE_FACTS } from './image-samples.js';
import type { TestHost } from './test-host.js';

export const RIG_HOST_ID = 'host-rig';

/** What a process that takes one checkpoint is told. */
export interface CheckpointOrder {
  stateDir: string;
  dockerSocket: string;
  criuDir: string;
  mountPath: string;
  jobId: string;
  containerId: string;
  checkpointId: string;
  /** Kill the process itself, as kill -9 does, this long after the step began, or after the commit. */
  kill?: { step: CheckpointStepName | 'committed'; afterMs: number };
}

export function pipelineFor(order: Pick<CheckpointOrder, 'stateDir' | 'dockerSocket' | 'criuDir'>): CheckpointPipeline {
  return new CheckpointPipeline({
    stateDir: order.stateDir,
    runc: new Runc({ runc: 'runc', criuDir: order.criuDir }),
    containers: new DockerEngine(order.dockerSocket, order.stateDir),
    hostFacts: () => Promise.resolve(SAMPLE_FACTS),
  });
}

/** Takes checkpoints of real containers with the pipeline alone: no agent, no server. */
export class CheckpointRig {
  readonly pipeline: CheckpointPipeline;

  private constructor(
    readonly host: TestHost,
    readonly store: ImageStore,
  ) {
    this.pipeline = pipelineFor(host);
  }

  static async on(host: TestHost, mountPath: string): Promise<CheckpointRig> {
    return new CheckpointRig(host, await ImageStore.open({ mountPath, fileSystemTypes: [] }, RIG_HOST_ID));
  }

  /** Starts a job's container, recorded as the shim does. Returns its full id. */
  async startJob(jobId: string, script: string, ...dockerOptions: string[]): Promise<string> {
    const options = [
      '-d',
      '--runtime',
      'batchpoint',
      '--network',
      'none',
      '-e',
      `AWS_BATCH_JOB_ID=${jobId}`,
      ...dockerOptions,
    ];
    const id = await this.host.docker('run', ...options, this.host.image, 'sh', '-c', script);
    mkdirSync(join(this.host.stateDir, 'containers'), { recursive: true });
    writeFileSync(join(this.host.stateDir, 'containers', id), `${this.host.runcRoot}\n`);
    await this.store.records.claim(jobId, id);
    return id;
  }

  request(jobId: string, containerId: string, policy: PolicyOverride = {}): CheckpointRequest {
    const checkpointId = newId('checkpoint');
    const merged = { ...DEFAULT_POLICY, ...policy };
    return {
      checkpointId,
      jobId,
      containerId,
      trigger: 'manual',
      policy: merged,
      storageId: 'stor_rig',
      store: this.store,
    };
  }

  checkpoint(jobId: string, containerId: string, policy?: PolicyOverride): Promise<CheckpointOutcome> {
    return this.pipeline.run(this.request(jobId, containerId, policy));
  }

  async freezerOf(containerId: string): Promise<Freezer> {
    const { State } = await this.host.api.getContainer(containerId).inspect();
    return Freezer.ofProcess(State.Pid);
  }

  /** Throws unless the number a job counts up in a file rises; waits for a job that has just been started. */
  async expectRunning(containerId: string, path: string, limitMs = 5_000): Promise<void> {
    const pid = (await this.host.api.getContainer(containerId).inspect()).State.Pid;
    const read = (): number => {
      try {
        // Empty at the moment of being written.
        return Number(readFileSync(`/proc/${pid}/root${path}`, 'utf8') || NaN);
      } catch {
        return NaN;
      }
    };
    let first = read();
    for (const deadline = Date.now() + limitMs; Date.now() < deadline; await sleep(10)) {
      const now = read();
      if (now > first) return;
      if (Number.isNaN(first)) first = now;
    }
    throw new Error(`the job stands still at ${first}`);
  }

  /** One checkpoint in a process of its own; resolves to how it ended and what it printed. */
  async inProcess(
    jobId: string,
    containerId: string,
    kill?: CheckpointOrder['kill'],
  ): Promise<{ signal: string | null; code: number | null; checkpointId: string }> {
    const { stateDir, dockerSocket, criuDir } = this.host;
    const { mountPath } = this.store.location;
    const checkpointId = newId('checkpoint');
    const order: CheckpointOrder = {
      stateDir,
      dockerSocket,
      criuDir,
      mountPath,
      jobId,
      containerId,
      checkpointId,
      ...(kill && { kill }),
    };
    const script = [
      '--import',
      join(import.meta.dirname, 'typescript-loader.mjs'),
      join(import.meta.dirname, 'checkpoint-once.ts'),
    ];
    const env = { ...process.env, NODE_OPTIONS: '' };
    const child = spawn(process.execPath, [...script, JSON.stringify(order)], {
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    return new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal, checkpointId })));
  }
}
