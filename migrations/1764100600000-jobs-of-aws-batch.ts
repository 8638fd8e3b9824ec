import type { MigrationInterface, QueryRunner } from 'typeorm';

const EVENT_TYPES = [
  'job-created',
  'job-running',
  'job-checkpointing',
  'job-checkpoint-succeeded',
  'job-checkpoint-failed',
  'job-restoring',
  'job-restore-succeeded',
  'job-restore-failed',
  'job-started-fresh',
  'job-policy-ignored',
  'job-succeeded',
  'job-failed',
  'job-lost',
];
const NEW_EVENT_TYPES = ['job-retried', 'spot-interruption-warning', 'rebalance-recommendation'];

const eventTypes = (types: string[]): string => `
  alter table job_events drop constraint job_events_type_check,
    add constraint job_events_type_check check (type in (${types.map((type) => `'${type}'`).join(', ')}))`;

/** Jobs as AWS Batch tells of them, how far it was asked, and the events it sends. */
export class JobsOfAwsBatch1764100600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table jobs
        add column job_name text,
        add column job_definition text,
        add column submitted_at timestamptz(3),
        add column vcpus double precision,
        add column memory_bytes bigint,
        add column array_parent_id text,
        add column array_index integer,
        add column array_size integer,
        add column max_attempts integer,
        add column node_count integer,
        add column containers jsonb,
        add column batch_queue_arn text,
        add column batch_state jsonb,
        add column batch_due_at timestamptz(3),
        add column batch_interval_seconds integer`);
    await runner.query('create index jobs_batch_due_idx on jobs (batch_due_at) where batch_due_at is not null');
    await runner.query('create index jobs_array_parent_idx on jobs (array_parent_id, id)');
    await runner.query('create index jobs_job_name_idx on jobs (job_name, id)');
    await runner.query(`
      create table batch_queues (
        arn text not null,
        due_at timestamptz(3) not null,
        interval_seconds integer not null,
        newest_created_at timestamptz(3),
        constraint batch_queues_pkey primary key (arn)
      )`);
    await runner.query(`
      create table batch_sync_leases (
        scope text not null,
        holder text not null,
        expires_at timestamptz(3) not null,
        constraint batch_sync_leases_pkey primary key (scope)
      )`);
    await runner.query(`
      create table aws_events_seen (
        id text not null,
        received_at timestamptz(3) not null default now(),
        constraint aws_events_seen_pkey primary key (id)
      )`);
    await runner.query('create index aws_events_seen_received_at_idx on aws_events_seen (received_at)');
    await runner.query(`
      alter table compute_environments
        add column events_queue_url text,
        add column job_synced_at timestamptz(3),
        add column job_sync_failure text,
        add column events_failure text`);
    await runner.query(`
      alter table hosts
        add column interruption_notice_at timestamptz(3),
        add column rebalance_recommended_at timestamptz(3)`);
    await runner.query(eventTypes([...EVENT_TYPES, ...NEW_EVENT_TYPES]));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('delete from job_events where type = any($1)', [NEW_EVENT_TYPES]);
    await runner.query(eventTypes(EVENT_TYPES));
    await runner.query('alter table hosts drop column rebalance_recommended_at, drop column interruption_notice_at');
    await runner.query(
      'alter table compute_environments drop column events_failure, drop column job_sync_failure, drop column job_synced_at, drop column events_queue_url',
    );
    for (const table of ['aws_events_seen', 'batch_sync_leases', 'batch_queues'])
      await runner.query(`drop table ${table}`);
    await runner.query(`
      alter table jobs
        drop column batch_interval_seconds, drop column batch_due_at, drop column batch_state, drop column batch_queue_arn,
        drop column containers, drop column node_count, drop column max_attempts, drop column array_size,
        drop column array_index, drop column array_parent_id, drop column memory_bytes, drop column vcpus,
        drop column submitted_at, drop column job_definition, drop column job_name`);
  }
}
