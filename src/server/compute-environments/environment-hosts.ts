import { Injectable } from '@nestjs/common';
import type { StorageHealth } from '../../protocol/agent-api.js';
import type { HostFacts, HostFinding } from '../../protocol/host-facts.js';
import { Database } from '../database/database.js';
import type { EnvironmentHost } from './environment-host-findings.js';
import type { ComputeEnvironment } from './compute-environment.entity.js';

interface HostRow {
  id: string;
  status: string;
  facts: HostFacts;
  findings: HostFinding[];
  storage_health: StorageHealth | null;
}

/** Read model over hosts and jobs, which depend on environments and not the other way round. */
@Injectable()
export class EnvironmentHosts {
  constructor(private readonly database: Database) {}

  async of(environmentId: string): Promise<EnvironmentHost[]> {
    const rows: HostRow[] = await this.database.manager.query(
      `select id, status, facts, findings, storage_health from hosts
        where compute_environment_id = $1 and status <> 'deregistered' order by id`,
      [environmentId],
    );
    return rows.map(({ id, status, facts, findings, storage_health: storageHealth }) => ({
      id,
      name: facts.hostName,
      online: status === 'online',
      facts,
      findings,
      storageHealth,
    }));
  }

  /**
   * Jobs at work there: on one of its hosts, or saying by its name that they are; and those that wait to continue from an image.
   * AWS Batch's ids, at most five, and how many in all.
   */
  async runningJobs(
    environment: Pick<ComputeEnvironment, 'id' | 'name'>,
  ): Promise<{ jobIds: string[]; count: number }> {
    const rows: { job_id: string; count: string }[] = await this.database.manager.query(
      `select job.job_id, count(*) over () as count from jobs job left join hosts host on host.id = job.host_id
        where (job.status in ('STARTING', 'RUNNING')
               or job.status = 'RUNNABLE' and exists (select from checkpoints where job_id = job.id and status = 'committed'))
          and (host.compute_environment_id = $1 or job.compute_environment = $2)
        order by job.job_id limit 5`,
      [environment.id, environment.name],
    );
    return { jobIds: rows.map((row) => row.job_id), count: Number(rows[0]?.count ?? 0) };
  }

  /** Size and duration of the newest images taken on its hosts, at most 100. */
  async imagesTaken(environmentId: string): Promise<{ bytes: number; seconds: number }[]> {
    return this.database.manager.query(
      `select (checkpoint.image ->> 'totalBytes')::float8 as bytes, (checkpoint.image ->> 'totalSeconds')::float8 as seconds
         from checkpoints checkpoint join hosts host on host.id = checkpoint.host_id
        where host.compute_environment_id = $1 and checkpoint.status = 'committed'
        order by checkpoint.finished_at desc limit 100`,
      [environmentId],
    );
  }

  /** Of the images that its jobs' containers were seen with in the last 30 days, as far as agents said how large they are; null: none. */
  async largestImage(
    environment: Pick<ComputeEnvironment, 'id' | 'name'>,
  ): Promise<{ image: string; bytes: number } | null> {
    const rows: { image: string; bytes: string }[] = await this.database.manager.query(
      `select attempt.image, attempt.image_bytes as bytes from job_attempts attempt
         join jobs job on job.id = attempt.job_id left join hosts host on host.id = attempt.host_id
        where attempt.image_bytes is not null and attempt.last_reported_at > now() - interval '30 days'
          and (host.compute_environment_id = $1 or job.compute_environment = $2)
        order by attempt.image_bytes desc, attempt.image limit 1`,
      [environment.id, environment.name],
    );
    const [row] = rows;
    return row === undefined ? null : { image: row.image, bytes: Number(row.bytes) };
  }
}
