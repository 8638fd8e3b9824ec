import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where AWS has a compute environment, in whose name it is asked, and what it said. */
export class EnvironmentsInAws1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table compute_environments
        add column region text,
        add column role_arn text,
        add column external_id text,
        add column aws jsonb,
        add column synced_at timestamptz(3),
        add column sync_failure text,
        add constraint compute_environments_access_check
          check (region is not null or (role_arn is null and external_id is null))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table compute_environments
        drop constraint compute_environments_access_check,
        drop column sync_failure, drop column synced_at, drop column aws,
        drop column external_id, drop column role_arn, drop column region`);
  }
}
