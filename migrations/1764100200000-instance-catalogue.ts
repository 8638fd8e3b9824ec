import type { MigrationInterface, QueryRunner } from 'typeorm';

/** EC2's instance types, and groups of them among which images restore. The server fills both when it starts. */
export class InstanceCatalogue1764100200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table instance_types (
        id text constraint instance_types_pkey primary key,
        family text not null,
        architecture text not null constraint instance_types_architecture_check check (architecture in ('x86_64', 'aarch64')),
        vcpus integer not null,
        memory_bytes bigint not null,
        gpu jsonb,
        current_generation boolean not null,
        spot boolean not null,
        bare_metal boolean not null,
        regions jsonb not null default '[]',
        source text not null constraint instance_types_source_check check (source in ('snapshot', 'aws')),
        as_of timestamptz(3) not null
      )`);
    await runner.query('create index instance_types_family_idx on instance_types (family)');
    await runner.query(`
      create table compatibility_groups (
        id text constraint compatibility_groups_pkey primary key,
        version integer not null,
        created_at timestamptz(3) not null default now(),
        updated_at timestamptz(3) not null default now(),
        name text not null constraint compatibility_groups_name_key unique,
        description text,
        built_in boolean not null default false,
        source jsonb,
        instance_types jsonb not null,
        labels jsonb not null default '{}',
        constraint compatibility_groups_source_check check (built_in = (source is not null))
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table compatibility_groups');
    await runner.query('drop table instance_types');
  }
}
