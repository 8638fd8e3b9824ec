import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { newId } from '../src/protocol/ids.js';
import { DEFAULT_POLICY } from '../src/protocol/policy.js';
import { throughput } from './load.js';
import type { Comparison } from './measure.js';
import type { Stage } from './stage.js';

const ROWS = 2000;
const CONNECTIONS = 16;

/** The list and read routes of jobs against a bare handler on the same rows, in turns. */
export async function benchRoutes(stage: Stage, rounds: number, milliseconds: number): Promise<Comparison[]> {
  // Line 5 of postmaster.pid is the socket's directory.
  const socketDir = readFileSync(join(stage.dir, 'server', 'postgres', 'postmaster.pid'), 'utf8')
    .split('\n')[4]!
    .trim();
  const id = await insertJobs(socketDir);
  const child = spawn(
    process.execPath,
    [
      '--import',
      join(import.meta.dirname, '../test/support/typescript-loader.mjs'),
      join(import.meta.dirname, 'bare-server.ts'),
      socketDir,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const headers = { authorization: `Bearer ${stage.token}` };
    const comparisons: Comparison[] = [];
    for (const [what, path] of [
      ['list of 50 jobs', '/jobs?pageSize=50'],
      ['one job', `/jobs/${id}`],
    ] as const) {
      const ours = new URL(`${stage.api.baseUrl}/api/v1${path}`);
      const bare = new URL(`http://127.0.0.1:${port}${path}`);
      const comparison: Comparison = { what, unit: 'requests/s', ours: [], bare: [], goal: { ratioAtLeast: 0.6 } };
      for (const url of [ours, bare]) await throughput(url, headers, CONNECTIONS, milliseconds / 2); // compiled and connected
      for (let round = 0; round < rounds; round += 1) {
        const takers = [
          async () => comparison.ours.push(await throughput(ours, headers, CONNECTIONS, milliseconds)),
          async () => comparison.bare.push(await throughput(bare, {}, CONNECTIONS, milliseconds)),
        ];
        for (const take of round % 2 === 0 ? takers : takers.reverse()) await take();
      }
      comparisons.push(comparison);
    }
    return comparisons;
  } finally {
    child.kill();
  }
}

/** As rows the agents' reports would have made; the id of one of them. */
async function insertJobs(socketDir: string): Promise<string> {
  const client = new pg.Client({ host: socketDir, user: 'batchpoint', database: 'batchpoint' });
  await client.connect();
  try {
    const ids = Array.from({ length: ROWS }, () => newId('job'));
    await client.query(
      `INSERT INTO jobs (id, version, job_id, job_queue, status, container_id, container_name, image, command, attempt, started_at, policy, protected, last_known_at)
       SELECT id, 1, 'bench-' || n, 'genomics-spot', 'RUNNING', md5(id) || md5(id), 'job-' || n, 'registry.example/aligner:1.4',
              '["align","--threads","4","s3://bucket/sample"]'::jsonb, 1, now() - n * interval '1 second', $2::jsonb, true, now()
       FROM unnest($1::text[]) WITH ORDINALITY AS ids (id, n)`,
      [ids, JSON.stringify(DEFAULT_POLICY)],
    );
    const host = newId('host');
    await client.query(
      `INSERT INTO hosts (id, version, machine_id, facts, credential_hash) VALUES ($1, 1, 'bench', '{}', 'none')`,
      [host],
    );
    await client.query(
      `INSERT INTO job_attempts (job_id, container_id, host_id, attempt, status, container_name, image, command, started_at, policy, protected,
                                 reported_at, first_reported_at, last_reported_at)
       SELECT id, container_id, $1, 1, 'running', container_name, image, command, started_at, policy, protected, now(), now(), now() FROM jobs`,
      [host],
    );
    await client.query('ANALYZE jobs, job_attempts');
    return ids[ROWS / 2]!;
  } finally {
    await client.end();
  }
}
