import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Reports on whether everything jobs need to be protected is in place. At most one of a scope is under way. */
export class Preflights1764100700000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table preflights (
        id text not null,
        version integer not null,
        created_at timestamptz(3) not null default now(),
        updated_at timestamptz(3) not null default now(),
        operation_id text not null,
        scope text not null,
        request jsonb not null,
        status text not null default 'pending',
        environments_total integer not null default 0,
        environments_done integer not null default 0,
        verdict text,
        sections jsonb not null default '[]',
        started_at timestamptz(3),
        finished_at timestamptz(3),
        constraint preflights_pkey primary key (id),
        constraint preflights_status_check check (status in ('pending', 'running', 'finished', 'cancelled')),
        constraint preflights_verdict_check check ((status = 'finished') = (verdict is not null)),
        constraint preflights_finished_check check ((status in ('finished', 'cancelled')) = (finished_at is not null))
      )`);
    await runner.query(
      `create unique index preflights_one_open_idx on preflights (scope) where status in ('pending', 'running')`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table preflights');
  }
}
