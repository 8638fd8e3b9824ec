import { randomUUID } from 'node:crypto';
import {
  AGENT_API,
  SESSION_HEADER,
  type AgentConfig,
  type CheckpointImage,
  type CheckpointReport,
  type Command,
  type CommandResult,
  type ContainerReport,
  type HeartbeatRequest,
  type Report,
  type ReportBody,
  type ReportResult,
} from '../../src/protocol/agent-api.js';
import type { HostFacts } from '../../src/protocol/host-facts.js';
import { newId } from '../../src/protocol/ids.js';
import { DEFAULT_POLICY } from '../../src/protocol/policy.js';

export interface Answer<T = Record<string, unknown>> {
  status: number;
  body: T;
}

export function fakeFacts(changes: Partial<HostFacts> = {}): HostFacts {
  return {
    hostName: `fake-${randomUUID().slice(0, 8)}`,
    architecture: 'x86_64',
    kernel: '6.1.112-122.189.amzn2023.x86_64',
    cpu: { vendor: 'GenuineIntel', model: 'Fake Xeon', cores: 4, flags: ['avx2', 'sse4_2'], xsaveBytes: 832 },
    memoryBytes: 16 * 1024 ** 3,
    cgroupVersion: 2,
    software: { batchpoint: '0.1.0', criu: '4.2.1', runc: '1.3.6', docker: '28.5.1' },
    instance: null,
    ...changes,
  };
}

/**
 * Speaks the agents' protocol over HTTP, and does nothing else: for tests of the server. Calls return status and body;
 * nothing throws on a refusal.
 */
export class FakeAgent {
  hostId = '';
  credential = '';
  session = 0;
  config: AgentConfig | undefined;
  readonly containerId = randomUUID().replaceAll('-', '');

  constructor(
    public url: string,
    readonly machineId: string = randomUUID(),
    readonly facts: HostFacts = fakeFacts(),
  ) {}

  /** Enrolled, with a session and a heartbeat behind it. */
  static async start(
    url: string,
    joinToken: string,
    options: { facts?: Partial<HostFacts>; storageId?: string } = {},
  ): Promise<FakeAgent> {
    const agent = new FakeAgent(url, undefined, fakeFacts(options.facts));
    await agent.enrol(joinToken);
    await agent.open();
    await agent.heartbeat(options.storageId === undefined ? {} : { storage: health(options.storageId) });
    return agent;
  }

  async enrol(joinToken: string): Promise<Answer> {
    const body = { machineId: this.machineId, facts: this.facts, findings: [] };
    const answer = await this.call<Record<string, unknown>>('POST', '/enrolments', body, {
      authorization: `Bearer ${joinToken}`,
    });
    if (answer.status === 201) Object.assign(this, answer.body);
    return answer;
  }

  /** What a start of the agent's process does. */
  async open(): Promise<Answer> {
    const answer = await this.call<Record<string, unknown>>('POST', '/sessions', { facts: this.facts, findings: [] });
    if (answer.status === 201) Object.assign(this, answer.body);
    return answer;
  }

  heartbeat(
    changes: Partial<HeartbeatRequest> = {},
    headers: Record<string, string> = {},
  ): Promise<Answer<{ config: AgentConfig | null }>> {
    return this.call(
      'POST',
      '/heartbeats',
      { storage: null, runningJobs: 0, unsentReports: 0, findings: [], ...changes },
      headers,
    );
  }

  poll(wait = '0s'): Promise<Answer<{ items: Command[] }>> {
    return this.call('GET', `/commands?wait=${wait}`);
  }

  result(commandId: string, result: CommandResult): Promise<Answer> {
    return this.call('PUT', `/commands/${commandId}/result`, result);
  }

  send(...items: Report[]): Promise<Answer<ReportResult>> {
    return this.call('POST', '/reports', { items });
  }

  report(...bodies: ReportBody[]): Promise<Answer<ReportResult>> {
    return this.send(...bodies.map((body) => asReport(body)));
  }

  container(jobId: string, changes: Partial<ContainerReport> = {}): ContainerReport {
    return {
      type: 'container',
      jobId,
      attempt: 1,
      jobQueue: 'spot',
      computeEnvironment: 'spot-m7i',
      containerId: this.containerId,
      containerName: 'work',
      image: 'busybox:1',
      command: ['sh', '-c', 'work'],
      status: 'running',
      exitCode: null,
      startedAt: '2026-01-31T12:00:00.000Z',
      finishedAt: null,
      protected: true,
      unprotectedReason: null,
      policy: { ...DEFAULT_POLICY },
      ...changes,
    };
  }

  checkpoint(
    jobId: string,
    status: CheckpointReport['status'],
    changes: Partial<CheckpointReport> = {},
  ): CheckpointReport {
    return {
      type: 'checkpoint',
      checkpointId: newId('checkpoint'),
      jobId,
      containerId: this.containerId,
      trigger: 'periodic',
      status,
      ...(status === 'running' ? { step: 'dump' } : {}),
      ...(status === 'failed' ? { failure: { code: 'dump-failed' as const, message: 'CRIU could not dump it' } } : {}),
      ...(status === 'committed' ? { image: this.image() } : {}),
      ...changes,
    };
  }

  image(changes: Partial<CheckpointImage> = {}): CheckpointImage {
    return {
      sequence: 1,
      parentId: null,
      storageId: 'stor_019aa0b4-6f0c-7c3e-9b1f-1d2f3a4b5c6d',
      path: 'batchpoint/jobs/x/00000001-ckpt',
      totalBytes: 3_000_000,
      residentBytes: 2_000_000,
      writableLayerBytes: 10_240,
      architecture: this.facts.architecture,
      cpuFlags: this.facts.cpu.flags,
      kernel: this.facts.kernel,
      criuVersion: '4.2.1',
      runcVersion: '1.3.6',
      containerImage: 'busybox:1',
      containerImageId: 'sha256:00',
      freezeSeconds: 0.2,
      dumpSeconds: 0.3,
      totalSeconds: 0.5,
      ...changes,
    };
  }

  async call<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.url}${AGENT_API}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.credential}`,
        [SESSION_HEADER]: String(this.session),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as T };
  }
}

export function asReport(body: ReportBody, at = new Date().toISOString()): Report {
  return { id: newId('report'), at, ...body };
}

export function health(storageId: string): NonNullable<HeartbeatRequest['storage']> {
  return { storageId, ready: true, reason: null, freeBytes: 1_000_000_000, totalBytes: 2_000_000_000 };
}
