import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tokens, settings and idempotency records. */
export class ServerCore1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table api_tokens (
        id text not null constraint api_tokens_pkey primary key,
        version integer not null,
        created_at timestamptz(3) not null default now(),
        updated_at timestamptz(3) not null default now(),
        name text not null,
        role text not null,
        hash text not null,
        expires_at timestamptz(3),
        last_used_at timestamptz(3),
        constraint api_tokens_role check (role in ('viewer', 'operator', 'admin'))
      )`);
    await runner.query('create unique index api_tokens_name on api_tokens (name)');
    await runner.query('create unique index api_tokens_hash on api_tokens (hash)');
    await runner.query(`
      create table join_tokens (
        id text not null constraint join_tokens_pkey primary key,
        version integer not null,
        created_at timestamptz(3) not null default now(),
        updated_at timestamptz(3) not null default now(),
        name text not null,
        hash text not null,
        compute_environment_id text,
        expires_at timestamptz(3),
        max_uses integer,
        uses integer not null,
        constraint join_tokens_uses check (uses >= 0 and (max_uses is null or uses <= max_uses))
      )`);
    await runner.query('create unique index join_tokens_name on join_tokens (name)');
    await runner.query('create unique index join_tokens_hash on join_tokens (hash)');
    await runner.query(`
      create table settings (
        id text not null constraint settings_pkey primary key,
        version integer not null,
        created_at timestamptz(3) not null default now(),
        updated_at timestamptz(3) not null default now(),
        changed jsonb not null,
        constraint settings_one_row check (id = 'settings')
      )`);
    await runner.query(`insert into settings (id, version, changed) values ('settings', 1, '{}')`);
    await runner.query(`
      create table idempotency_keys (
        id text not null constraint idempotency_keys_pkey primary key,
        fingerprint text not null,
        answer bytea not null,
        created_at timestamptz(3) not null default now()
      )`);
    await runner.query('create index idempotency_keys_created_at on idempotency_keys (created_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table idempotency_keys');
    await runner.query('drop table settings');
    await runner.query('drop table join_tokens');
    await runner.query('drop table api_tokens');
  }
}
