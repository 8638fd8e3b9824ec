import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Storages and the compute environments that use them. */
export class StoragesComputeEnvironments1764000100000 implements MigrationInterface {
  name = 'StoragesComputeEnvironments1764000100000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of UP) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE "storage_verification_hosts"`);
    await queryRunner.query(`DROP TABLE "compute_environments"`);
    await queryRunner.query(`DROP TABLE "storages"`);
  }
}

const ROW = `
    "id" text NOT NULL,
    "version" integer NOT NULL,
    "created_at" timestamptz(3) NOT NULL DEFAULT now(),
    "updated_at" timestamptz(3) NOT NULL DEFAULT now()`;

const UP = [
  `CREATE TABLE "storages" (${ROW},
    "name" text NOT NULL,
    "kind" text NOT NULL,
    "mount_path" text NOT NULL,
    "settings" jsonb NOT NULL,
    "secrets" jsonb NOT NULL DEFAULT '{}',
    "public_settings" jsonb NOT NULL,
    "labels" jsonb NOT NULL DEFAULT '{}',
    "last_verification" jsonb,
    CONSTRAINT "storages_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "storages_name_key" UNIQUE ("name"),
    CONSTRAINT "storages_kind_check" CHECK ("kind" IN ('efs', 'juicefs', 'fsx-lustre', 'ebs', 'nfs', 'local')),
    CONSTRAINT "storages_mount_path_check" CHECK ("mount_path" LIKE '/_%')
  )`,
  `CREATE TABLE "compute_environments" (${ROW},
    "name" text NOT NULL,
    "storage_id" text,
    "instance_types" jsonb NOT NULL DEFAULT '[]',
    "policy" jsonb NOT NULL DEFAULT '{}',
    "labels" jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT "compute_environments_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "compute_environments_name_key" UNIQUE ("name"),
    CONSTRAINT "compute_environments_storage_id_fkey" FOREIGN KEY ("storage_id") REFERENCES "storages" ("id")
  )`,
  `CREATE INDEX "compute_environments_storage_id_idx" ON "compute_environments" ("storage_id")`,
  `CREATE TABLE "storage_verification_hosts" (
    "operation_id" text NOT NULL,
    "host_id" text NOT NULL,
    "storage_id" text NOT NULL,
    "host_name" text NOT NULL,
    "round" integer NOT NULL DEFAULT 1,
    "answered" boolean NOT NULL DEFAULT false,
    "sees" jsonb NOT NULL DEFAULT '[]',
    "failure" jsonb,
    CONSTRAINT "storage_verification_hosts_pkey" PRIMARY KEY ("operation_id", "host_id")
  )`,
  `CREATE INDEX "storage_verification_hosts_storage_id_idx" ON "storage_verification_hosts" ("storage_id")`,
];
