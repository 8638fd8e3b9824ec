import { Injectable } from '@nestjs/common';
import type { AwsEnvironment } from '../compute-environments/aws-environment.js';
import { Database } from '../database/database.js';
import type { StorageKind } from '../storage/storage-kind.js';
import type { PreflightEnvironment } from './preflight-section.js';

interface EnvironmentRow {
  id: string;
  name: string;
  region: string | null;
  role_arn: string | null;
  external_id: string | null;
  aws: AwsEnvironment | null;
  kind: StorageKind | null;
  settings: Record<string, unknown> | null;
}

/** Read model over compute environments and their storages: what checks need of each. */
@Injectable()
export class PreflightEnvironments {
  constructor(private readonly database: Database) {}

  /** Those registered now, by name; `id`: that one only, if it is. */
  async list(id: string | null): Promise<PreflightEnvironment[]> {
    const rows: EnvironmentRow[] = await this.database.manager.query(
      `select environment.id, environment.name, environment.region, environment.role_arn, environment.external_id,
              environment.aws, storage.kind, storage.settings
         from compute_environments environment left join storages storage on storage.id = environment.storage_id
        where $1::text is null or environment.id = $1 order by environment.name`,
      [id],
    );
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      access: row.region === null ? null : { region: row.region, roleArn: row.role_arn, externalId: row.external_id },
      read: row.aws !== null,
      storageKind: row.kind,
      names: namesOf(row),
    }));
  }
}

function namesOf({ name, aws, settings }: EnvironmentRow): PreflightEnvironment['names'] {
  const { bucket, fileSystemId } = (settings ?? {}) as { bucket?: string; fileSystemId?: string };
  return {
    computeEnvironmentName: [name],
    ...(aws?.launchTemplate ? { launchTemplateId: [aws.launchTemplate.id] } : {}),
    ...(bucket === undefined ? {} : { bucket: [bucket] }),
    ...(fileSystemId === undefined ? {} : { fileSystemId: [fileSystemId] }),
  };
}
