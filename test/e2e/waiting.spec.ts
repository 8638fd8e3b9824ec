import { ChangeNotifier } from '../../src/server/common/change-notifier.js';
import { runInRequestContext } from '../../src/server/common/request-context.js';
import { parseWait, Waiter } from '../../src/server/common/wait.js';
import { BackgroundTasks } from '../../src/server/background/background-tasks.js';
import { Database } from '../../src/server/database/database.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('Waiting for changes', () => {
  let server: TestApp;
  let replica: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
    replica = await startTestApp({ databaseUrl: server.databaseUrl });
    await server.app.get(Database).dataSource.query('create table thing (state text)');
    await server.app.get(Database).dataSource.query(`insert into thing values ('new')`);
  });
  afterAll(async () => {
    await replica.close();
    await server.close();
  });

  const state = async (): Promise<string> => {
    const rows = await server.app.get(Database).dataSource.query<{ state: string }[]>('select state from thing');
    return rows[0]!.state;
  };
  const set = (where: TestApp, value: string, fail = false): Promise<void> =>
    where.app.get(Database).transaction(async () => {
      await where.app.get(Database).manager.query('update thing set state = $1', [value]);
      await where.app.get(ChangeNotifier).notify('thing', 'one');
      if (fail) throw new Error('rolled back');
    });
  const wait = async (ms: number, done: (now: string) => boolean): Promise<{ now: string; took: number }> => {
    const start = performance.now();
    const now = await server.app.get(Waiter).waitFor('thing', 'one', ms, state, done);
    return { now, took: performance.now() - start };
  };

  it('answers at once without a wait, or when it is so already', async () => {
    await set(server, 'new');
    expect((await wait(0, () => false)).now).toBe('new');
    expect((await wait(10_000, (now) => now === 'new')).took).toBeLessThan(1000);
  });

  it('answers as soon as another replica commits the change', async () => {
    const waiting = wait(20_000, (now) => now === 'done');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await set(replica, 'half');
    await set(replica, 'done');
    const { now, took } = await waiting;
    expect(now).toBe('done');
    expect(took).toBeLessThan(5000);
  });

  it('answers with the newest state on the time-out', async () => {
    const waiting = wait(300, (now) => now === 'never');
    await set(replica, 'later');
    const { now, took } = await waiting;
    expect(now).toBe('later');
    expect(took).toBeGreaterThanOrEqual(299);
  });

  it('is not woken by what was rolled back', async () => {
    let reads = 0;
    const waiting = server.app.get(Waiter).waitFor(
      'thing',
      'one',
      300,
      async () => ++reads,
      () => false,
    );
    await set(replica, 'lost', true).catch(() => undefined);
    await waiting;
    expect(reads).toBe(2);
  });

  it('loses no change between the first read and the waiting', async () => {
    await set(server, 'new');
    let first = true;
    const slowRead = async (): Promise<string> => {
      const now = await state();
      if (first) {
        first = false;
        await set(replica, 'meanwhile');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return now;
    };
    const start = performance.now();
    expect(await server.app.get(Waiter).waitFor('thing', 'one', 10_000, slowRead, (now) => now === 'meanwhile')).toBe(
      'meanwhile',
    );
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('looks again after the listening connection was lost', async () => {
    const waiting = wait(20_000, (now) => now === 'reconnected');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const database = server.app.get(Database).dataSource;
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'batchpoint changes' and datname = current_database()`,
    );
    await set(replica, 'reconnected');
    const { now, took } = await waiting;
    expect(now).toBe('reconnected');
    expect(took).toBeLessThan(10_000);
  });

  it('gives up when the caller goes away', async () => {
    const gone = new AbortController();
    const start = performance.now();
    const waiting = runInRequestContext(
      { requestId: 'r', traceparent: undefined, waitMs: 20_000, signal: gone.signal },
      () => server.app.get(Waiter).wait('thing', 'one', state, () => false),
    );
    setTimeout(() => gone.abort(), 50);
    await waiting;
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('ends when the server shuts down', async () => {
    const third = await startTestApp({ databaseUrl: server.databaseUrl });
    const waiting = third.app.get(Waiter).waitFor('thing', 'one', 50_000, state, () => false);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const start = performance.now();
    await Promise.all([waiting, third.close()]);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('takes at most 55 s', () => {
    expect(parseWait(undefined)).toBe(0);
    expect(parseWait('55s')).toBe(55_000);
    for (const value of ['56s', '1h', '-1s', '10', '', ['1s'], {}])
      expect(() => parseWait(value)).toThrow(/at most 55s/);
  });
});

describe('Background tasks', () => {
  it('run once for what was committed, and not for what was rolled back', async () => {
    const server = await startTestApp();
    try {
      const tasks = server.app.get(BackgroundTasks);
      const database = server.app.get(Database);
      // A task of every build: registering one of our own would have to happen before the start.
      await database.transaction(() => tasks.enqueue('purge-idempotency-keys', null, { jobKey: 'now' }));
      await database
        .transaction(async () => {
          await tasks.enqueue('purge-idempotency-keys', null, {
            runAt: new Date(Date.now() + 3_600_000),
            jobKey: 'later',
          });
          throw new Error('rolled back');
        })
        .catch(() => undefined);
      const jobs = async (): Promise<number> =>
        (
          await database.dataSource.query<unknown[]>(
            `select from graphile_worker.jobs where task_identifier = 'purge-idempotency-keys'`,
          )
        ).length;
      for (let tries = 0; (await jobs()) > 0; tries += 1) {
        if (tries > 200) throw new Error('the task did not run');
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      await expect(tasks.enqueue('unheard-of', null)).rejects.toThrow('no background task');
      expect(() => tasks.register({ name: 'late', run: async () => undefined })).toThrow('too late');
    } finally {
      await server.close();
    }
  });

  it('purge idempotency keys after a day', async () => {
    const server = await startTestApp();
    try {
      const database = server.app.get(Database).dataSource;
      await database.query(
        `insert into idempotency_keys values ('old', '', '', now() - interval '25 hours'), ('new', '', '', now())`,
      );
      await server.app.get(BackgroundTasks).enqueue('purge-idempotency-keys', null);
      for (let tries = 0; ; tries += 1) {
        const rows = await database.query<{ id: string }[]>('select id from idempotency_keys');
        if (rows.length === 1) {
          expect(rows[0]!.id).toBe('new');
          break;
        }
        if (tries > 200) throw new Error('nothing was purged');
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    } finally {
      await server.close();
    }
  });
});
