import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { ContainerReport } from '../../protocol/agent-api.js';
import type { HostFacts } from '../../protocol/host-facts.js';
import { DEFAULT_POLICY } from '../../protocol/policy.js';
import type { DockerEngine, Inspection } from './docker-engine.js';
import { JobContainers } from './job-containers.js';
import type { JobMemory } from './job-memory.js';

const GIB = 1024 ** 3;
const T4 = { model: 'Tesla T4', memoryBytes: 15 * GIB, uuid: 'GPU-1a2b' };
const HOST = { memoryBytes: 31 * GIB, gpus: [T4], nvidiaDriver: '570.86.15', gpuCheckpoints: true } as HostFacts;

function container(environment: string[], hostConfig: Record<string, unknown>): Inspection {
  return {
    Id: 'c1',
    Name: '/work',
    Image: 'sha256:0',
    Path: 'python',
    Args: ['train.py'],
    Config: { Image: 'train:1', Env: ['AWS_BATCH_JOB_ID=job-1', ...environment] },
    HostConfig: { Runtime: 'batchpoint', Memory: 8 * GIB, ...hostConfig },
    State: { Status: 'running', Running: true, StartedAt: '2026-01-31T12:00:00Z' },
  } as unknown as Inspection;
}

/** What is reported of a container of a job that Docker shows. */
async function reported(found: Inspection, facts: Partial<HostFacts> = {}): Promise<ContainerReport> {
  const reports: ContainerReport[] = [];
  const docker = { runcRoot: () => Promise.resolve('/run/runc'), imageBytes: () => Promise.resolve(null) };
  const memory = { save: () => Promise.resolve() };
  const containers = new JobContainers(
    docker as unknown as DockerEngine,
    memory as unknown as JobMemory,
    {
      policy: () => DEFAULT_POLICY,
      hostProblem: () => null,
      hostFacts: () => Promise.resolve({ ...HOST, ...facts }),
      shimPath: '/shim',
      report: async (report) => void reports.push(report as ContainerReport),
    },
    { started: () => Promise.resolve(), ended: () => Promise.resolve() },
    pino({ level: 'silent' }),
  );
  await containers.seen(found);
  return reports[0]!;
}

describe('a job with a GPU, when its container is seen', () => {
  const assigned = ['NVIDIA_VISIBLE_DEVICES=GPU-1a2b'];

  it('is protected on a host that has what it takes', async () => {
    expect(await reported(container(assigned, { Runtime: 'nvidia' }))).toMatchObject({ protected: true });
  });

  it.each<[string, string[], Record<string, unknown>, Partial<HostFacts>, string]>([
    ['two GPUs', ['NVIDIA_VISIBLE_DEVICES=GPU-1a2b,GPU-3c4d'], {}, {}, 'several-gpus'],
    ['an old driver', assigned, {}, { nvidiaDriver: '550.54.14' }, 'gpu-driver-too-old'],
    ['nvidia-smi failing', assigned, {}, { gpus: [], nvidiaDriver: null }, 'gpu-driver-too-old'],
    ['no room for the memory of the GPU', assigned, { Memory: 17 * GIB }, {}, 'host-memory-too-small'],
    ['nothing that carries GPU memory', assigned, {}, { gpuCheckpoints: false }, 'host-not-ready'],
    [
      '--gpus, and nothing that carries GPU memory',
      [],
      { DeviceRequests: [{ Count: -1, Capabilities: [['gpu']] }] },
      { gpuCheckpoints: false },
      'host-not-ready',
    ],
    ['another device', [], { Devices: [{ PathOnHost: '/dev/fuse' }] }, {}, 'unsupported-resource'],
  ])('is not protected with %s', async (_, environment, hostConfig, facts, code) => {
    const report = await reported(container(environment, hostConfig), facts);
    expect(report).toMatchObject({ protected: false, unprotectedReason: { code } });
    expect(report.unprotectedReason?.remedy).toBeTruthy();
  });
});
