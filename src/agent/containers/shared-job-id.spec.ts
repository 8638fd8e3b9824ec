import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { ContainerReport } from '../../protocol/agent-api.js';
import type { HostFacts } from '../../protocol/host-facts.js';
import { DEFAULT_POLICY } from '../../protocol/policy.js';
import type { DockerEngine, Inspection } from './docker-engine.js';
import { JobContainers } from './job-containers.js';
import { JobMemory } from './job-memory.js';

const TASK = 'arn:aws:ecs:us-east-1:123456789012:task/cluster/1';

describe('Containers that share a job id', () => {
  let stateDir: string;
  let reports: ContainerReport[];
  let containers: JobContainers;
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'bp-job-containers-'));
    reports = [];
    const docker = { runcRoot: () => Promise.resolve('/run/runc'), runtimesOf: () => Promise.resolve([]) };
    containers = new JobContainers(
      { ...docker, imageBytes: () => Promise.resolve(null) } as unknown as DockerEngine,
      new JobMemory(stateDir),
      {
        policy: () => DEFAULT_POLICY,
        hostProblem: () => null,
        hostFacts: () => Promise.resolve({ memoryBytes: 1, gpus: [] } as unknown as HostFacts),
        shimPath: '/shim',
        report: (report) => {
          if (report.type === 'container') reports.push(report);
          return Promise.resolve();
        },
      },
      { started: () => Promise.resolve(), ended: () => Promise.resolve() },
      pino({ level: 'silent' }),
    );
  });
  afterEach(() => rmSync(stateDir, { recursive: true }));

  function inspection(name: string, task: string | null, status = 'running', env: string[] = []): Inspection {
    const labels = { 'com.amazonaws.ecs.task-arn': task!, 'com.amazonaws.ecs.container-name': name };
    return {
      Id: name,
      Name: `/${name}`,
      Config: { Env: ['AWS_BATCH_JOB_ID=job', ...env], Image: 'busybox', Labels: task === null ? {} : labels },
      State: { Status: status, Running: status === 'running', ExitCode: 0, StartedAt: '2026-01-31T12:00:00Z' },
      HostConfig: {},
      Path: 'sh',
      Args: [],
    } as unknown as Inspection;
  }
  const codes = (): Record<string, string | undefined> =>
    Object.fromEntries(containers.all().map(({ report }) => [report.containerId, report.unprotectedReason?.code]));

  it('in one task are not protected, the first one no longer', async () => {
    await containers.seen(inspection('align', TASK));
    expect(codes()).toEqual({ align: undefined });
    await containers.seen(inspection('log', TASK, 'created'));
    expect(codes()).toEqual({ align: 'several-containers', log: 'several-containers' });
    expect(reports.at(-1)).toMatchObject({ containerId: 'align', protected: false });
    expect(reports.at(-1)?.unprotectedReason?.message).toContain('log');
  });

  it('one after the other in one task are not protected either, even when Docker forgot the first', async () => {
    await containers.seen(inspection('prepare', TASK, 'exited'));
    await containers.seen(inspection('align', TASK));
    expect(codes()).toMatchObject({ align: 'several-containers' });
    await containers.gone('prepare', null);
    await containers.reconsider();
    expect(codes()).toMatchObject({ align: 'several-containers' });
  });

  it('of another attempt, which is another task, are no obstacle', async () => {
    await containers.seen(inspection('first', TASK, 'exited'));
    await containers.seen(inspection('second', `${TASK}2`));
    await containers.seen(inspection('by-hand', null));
    expect(codes()).toMatchObject({ second: undefined, 'by-hand': undefined });
  });

  it('are not protected in a job of several nodes', async () => {
    await containers.seen(inspection('node', null, 'running', ['AWS_BATCH_JOB_NUM_NODES=2']));
    expect(codes()).toEqual({ node: 'multi-node-job' });
  });
});
