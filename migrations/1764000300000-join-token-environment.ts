import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A join token goes with its compute environment: hosts could not enrol into one that is gone. */
export class JoinTokenEnvironment1764000300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index join_tokens_compute_environment on join_tokens (compute_environment_id)');
    await runner.query(`
      alter table join_tokens add constraint join_tokens_compute_environment_fkey
      foreign key (compute_environment_id) references compute_environments (id) on delete cascade`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table join_tokens drop constraint join_tokens_compute_environment_fkey');
    await runner.query('drop index join_tokens_compute_environment');
  }
}
