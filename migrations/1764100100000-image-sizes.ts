import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How large the images of jobs' containers are, by which root volumes are judged. */
export class ImageSizes1764100100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table job_attempts add column image_bytes bigint');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table job_attempts drop column image_bytes');
  }
}
