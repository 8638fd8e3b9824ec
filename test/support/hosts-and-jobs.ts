import { newId } from '../../src/protocol/ids.js';
import type { HostFacts } from '../../src/protocol/host-facts.js';
import { Database } from '../../src/server/database/database.js';
import type { TestApp } from './test-app.js';

export const HOST_FACTS: HostFacts = {
  hostName: 'ip-10-0-0-12',
  architecture: 'x86_64',
  kernel: '6.1.112-122.189.amzn2023.x86_64',
  cpu: {
    vendor: 'GenuineIntel',
    model: 'Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz',
    cores: 4,
    flags: ['avx2', 'avx512f', 'sse2'],
    xsaveBytes: 2696,
  },
  memoryBytes: 17_179_869_184,
  cgroupVersion: 2,
  software: { batchpoint: '0.1.0', criu: '4.2.1', runc: '1.3.6', docker: '25.0.8' },
  instance: null,
};

/** Rows as the agents' reports leave them, for tests of what other features make of them. */
export class HostsAndJobs {
  constructor(private readonly server: TestApp) {}

  async host(
    computeEnvironmentId: string | null,
    facts: Partial<HostFacts> = {},
    columns: Record<string, unknown> = {},
  ): Promise<string> {
    const id = newId('host');
    await this.insert('hosts', {
      id,
      machine_id: id,
      compute_environment_id: computeEnvironmentId,
      status: 'online',
      facts: { ...HOST_FACTS, ...facts },
      credential_hash: id,
      last_heartbeat_at: new Date(),
      ...columns,
    });
    return id;
  }

  async job(columns: Record<string, unknown>): Promise<string> {
    const id = newId('job');
    await this.insert('jobs', { id, job_id: id, status: 'RUNNING', ...columns });
    return id;
  }

  async checkpoint(
    storageId: string,
    jobId: string,
    hostId: string,
    columns: Record<string, unknown> = {},
  ): Promise<string> {
    const id = newId('checkpoint');
    await this.insert('checkpoints', {
      id,
      job_id: jobId,
      host_id: hostId,
      storage_id: storageId,
      trigger: 'manual',
      status: 'running',
      ...columns,
    });
    return id;
  }

  private async insert(table: string, fields: Record<string, unknown>): Promise<void> {
    const row: Record<string, unknown> = { version: 1, ...fields };
    const names = Object.keys(row);
    const values = Object.values(row).map((value) => (isJson(value) ? JSON.stringify(value) : value));
    const places = names.map((_, i) => `$${i + 1}`).join(', ');
    await this.server.app
      .get(Database)
      .manager.query(`insert into ${table} (${names.join(', ')}) values (${places})`, values);
  }
}

const isJson = (value: unknown): boolean => typeof value === 'object' && value !== null && !(value instanceof Date);
