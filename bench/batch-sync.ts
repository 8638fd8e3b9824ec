import { setTimeout as sleep } from 'node:timers/promises';
import type { SyncFigures } from './sync-report.js';
import type { SyncStage } from './sync-stage.js';

/** Jobs wait longer than the sync looks apart: as most do in an account that has so many. */
const AGE_MS = 3_600_000;
const QUIET_MINUTES = 2;
/** Of real time, in which the sync makes some fifty calls. */
const POLL_MS = 500;

interface Mark {
  lists: number;
  descriptions: number;
  now: number;
  real: number;
  cpu: NodeJS.CpuUsage;
}

/** The jobs of `queueCount` queues, read for the first time, then while nothing changes, then when a hundredth of them did. */
export async function benchBatchSync(stage: SyncStage, queueCount: number, jobsAQueue: number): Promise<SyncFigures[]> {
  const { batch, query } = stage;
  const queues = Array.from({ length: queueCount }, (_, index) => batch.queue(`queue-${index}`));
  const createdAt = Date.now() - AGE_MS;
  const ids = queues.flatMap((queue) =>
    Array.from({ length: jobsAQueue }, () => batch.submit(queue, { status: 'RUNNABLE', createdAt })),
  );
  await stage.link(queues);
  const start = mark(stage);

  const milestones = new Map<string, SyncFigures>();
  const look = async (): Promise<void> => {
    const [row] = await query<{ listed: string; described: string }>(
      'select count(*) as listed, count(batch_interval_seconds) as described from jobs',
    );
    for (const [what, count] of [
      ['every job is listed', row!.listed],
      ['every job is described', row!.described],
    ] as const)
      if (Number(count) === ids.length && !milestones.has(what)) milestones.set(what, since(what, stage, start));
  };
  let over = false;
  const sync = stage.sync().finally(() => (over = true));
  while (!over && milestones.size < 2) {
    await look();
    await sleep(POLL_MS);
  }
  await sync;
  await look();
  const figures = [...milestones.values(), since('nothing more is due', stage, start)];

  // As it is some hours later: queues that brought nothing for long are spread over the five minutes between two looks.
  await query(
    `update batch_queues set interval_seconds = 300,
            due_at = to_timestamp($1::double precision / 1000) + random() * interval '300 seconds'`,
    [stage.now()],
  );
  const quiet = mark(stage);
  while (stage.now() - quiet.now < QUIET_MINUTES * 60_000) await stage.turn();
  figures.push(since(`${QUIET_MINUTES} minutes in which nothing changes`, stage, quiet));

  const changed = ids.filter((_, index) => index % 100 === 0);
  for (const id of changed) batch.change(id, { status: 'STARTING' });
  const change = mark(stage);
  while ((await withStatus(stage, 'STARTING')) < changed.length) await stage.turn();
  figures.push(since(`${changed.length} jobs that changed at once are all shown so`, stage, change));
  return figures;
}

function mark({ batch, now }: SyncStage): Mark {
  const { ListJobs, DescribeJobs } = batch.calls;
  return { lists: ListJobs, descriptions: DescribeJobs, now: now(), real: Date.now(), cpu: process.cpuUsage() };
}

function since(what: string, { batch, now }: SyncStage, before: Mark): SyncFigures {
  const cpu = process.cpuUsage(before.cpu);
  return {
    what,
    lists: batch.calls.ListJobs - before.lists,
    descriptions: batch.calls.DescribeJobs - before.descriptions,
    seconds: (now() - before.now) / 1000,
    workSeconds: (Date.now() - before.real) / 1000,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
  };
}

async function withStatus({ query }: SyncStage, status: string): Promise<number> {
  const [row] = await query<{ count: string }>('select count(*) from jobs where status = $1', [status]);
  return Number(row!.count);
}
