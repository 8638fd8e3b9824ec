import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { readRows } from '../database/read-rows.js';
import { currentAttempt } from './attempt-merge.js';
import { shownFields } from './job-fields.js';
import { Job } from './job.entity.js';
import { JobAttempt } from './job-attempt.entity.js';

/** A job with all that is known of it, its row locked. */
export interface KnownJob {
  job: Job;
  attempts: JobAttempt[];
  /** The host of the newest container is online. */
  hostIsThere: boolean;
}

/** What a news may change in a row, with PostgreSQL's type for it. */
const COLUMNS = {
  status: 'text',
  statusReason: 'text',
  hostId: 'text',
  containerId: 'text',
  containerName: 'text',
  image: 'text',
  command: 'jsonb',
  attempt: 'integer',
  exitCode: 'integer',
  startedAt: 'timestamptz',
  stoppedAt: 'timestamptz',
  policy: 'jsonb',
  protected: 'boolean',
  unprotectedReason: 'jsonb',
  jobQueue: 'text',
  computeEnvironment: 'text',
  jobName: 'text',
  jobDefinition: 'text',
  submittedAt: 'timestamptz',
  vcpus: 'double precision',
  memoryBytes: 'bigint',
  arrayParentId: 'text',
  arrayIndex: 'integer',
  arraySize: 'integer',
  maxAttempts: 'integer',
  nodeCount: 'integer',
  containers: 'jsonb',
} as const satisfies Partial<Record<keyof Job, string>>;
/** The same, for what no user sees. */
const SILENT_COLUMNS = {
  lastKnownAt: 'timestamptz',
  batchQueueArn: 'text',
  batchState: 'jsonb',
  batchDueAt: 'timestamptz',
  batchIntervalSeconds: 'integer',
} as const satisfies Partial<Record<keyof Job, string>>;

const SHOWN = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
const ALL = { ...COLUMNS, ...SILENT_COLUMNS };
const NAMES = Object.keys(ALL) as (keyof typeof ALL)[];
const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const UPDATE = `
  update jobs set version = version + news::integer, updated_at = case when news then now() else updated_at end,
         ${NAMES.map((name) => `${snake(name)} = changed."${name}"`).join(', ')}
    from jsonb_to_recordset($1::jsonb) as changed
         (id text, news boolean, ${NAMES.map((name) => `"${name}" ${ALL[name]}`).join(', ')})
   where jobs.id = changed.id`;

/** Many jobs read and written at once: AWS Batch tells of a hundred at a time. */
@Injectable()
export class JobRows {
  constructor(private readonly database: Database) {}

  /** By our ids, locked until the transaction ends. In the order of AWS Batch's ids. */
  async lock(ids: readonly string[]): Promise<KnownJob[]> {
    if (ids.length === 0) return [];
    await this.database.manager.query('select 1 from jobs where id = any($1) order by job_id for update', [ids]);
    const jobs = await readRows(this.database, Job, 'id', ids);
    const attempts = Map.groupBy(await readRows(this.database, JobAttempt, 'jobId', ids), (attempt) => attempt.jobId);
    const online = await this.onlineHosts([...attempts.values()].flat());
    return jobs
      .map((job) => {
        const own = attempts.get(job.id) ?? [];
        const hostId = currentAttempt(own)?.hostId;
        return { job, attempts: own, hostIsThere: hostId !== undefined && online.has(hostId) };
      })
      .sort((a, b) => (a.job.jobId < b.job.jobId ? -1 : 1));
  }

  /** Works out anew what is shown, and writes what differs. The jobs whose users see a difference. */
  async write(known: readonly (KnownJob & { changes: Partial<Job> })[]): Promise<Job[]> {
    const told: Job[] = [];
    const records: object[] = [];
    for (const { job: before, attempts, hostIsThere, changes } of known) {
      const job: Job = Object.assign(new Job(), before, changes);
      Object.assign(job, shownFields(job, attempts, hostIsThere));
      const news = SHOWN.some((name) => !same(before[name], job[name]));
      if (news) told.push(job);
      records.push({ id: job.id, news, ...Object.fromEntries(NAMES.map((name) => [name, job[name]])) });
    }
    if (records.length > 0) await this.database.manager.query(UPDATE, [JSON.stringify(records)]);
    return told;
  }

  private async onlineHosts(attempts: readonly JobAttempt[]): Promise<ReadonlySet<string>> {
    if (attempts.length === 0) return new Set();
    const rows: { id: string }[] = await this.database.manager.query(
      `select id from hosts where id = any($1) and status = 'online'`,
      [[...new Set(attempts.map((attempt) => attempt.hostId))]],
    );
    return new Set(rows.map((row) => row.id));
  }
}

function same(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a ?? null, b ?? null);
}
