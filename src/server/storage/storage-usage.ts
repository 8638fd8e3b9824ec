import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** What would lose its ground if a storage went. */
export interface StorageUse {
  /** Names of compute environments that keep their checkpoints there. */
  environments: string[];
  /** Images that can restore, or may be about to: ids, at most {@link MOST_NAMED}. */
  checkpoints: string[];
  checkpointCount: number;
}

const MOST_NAMED = 5;

/** Read model over the tables of environments and checkpoints, which depend on storages and not the other way round. */
@Injectable()
export class StorageUsage {
  constructor(private readonly database: Database) {}

  async of(storageId: string): Promise<StorageUse> {
    const environments: { name: string }[] = await this.database.manager.query(
      'select name from compute_environments where storage_id = $1 order by name',
      [storageId],
    );
    const checkpoints: { id: string; count: string }[] = await this.database.manager.query(
      `select id, count(*) over () as count from checkpoints
        where storage_id = $1 and status in ('pending', 'running', 'committed') order by id limit ${MOST_NAMED}`,
      [storageId],
    );
    return {
      environments: environments.map((row) => row.name),
      checkpoints: checkpoints.map((row) => row.id),
      checkpointCount: Number(checkpoints[0]?.count ?? 0),
    };
  }
}

/** The use in words; undefined when there is none. */
export function describeUse({ environments, checkpoints, checkpointCount }: StorageUse): string | undefined {
  const parts: string[] = [];
  if (environments.length > 0) {
    parts.push(`compute environment${environments.length === 1 ? '' : 's'} ${environments.join(', ')}`);
  }
  if (checkpointCount > 0) {
    const more = checkpointCount > checkpoints.length ? ` and ${checkpointCount - checkpoints.length} more` : '';
    parts.push(`checkpoint${checkpointCount === 1 ? '' : 's'} ${checkpoints.join(', ')}${more}`);
  }
  return parts.length === 0 ? undefined : parts.join(' and ');
}
