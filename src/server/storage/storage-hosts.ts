import { Injectable } from '@nestjs/common';
import type { StorageHealth } from '../../protocol/agent-api.js';
import type { HostFacts } from '../../protocol/host-facts.js';
import { Database } from '../database/database.js';
import type { SharingHost } from './storage-sharing.js';

interface HostRow {
  id: string;
  facts: HostFacts;
  storage_health: StorageHealth | null;
}

/** Read model over hosts, which depend on storages and not the other way round. */
@Injectable()
export class StorageHosts {
  constructor(private readonly database: Database) {}

  /** Hosts online in any compute environment that keeps its checkpoints there. */
  async online(storageId: string): Promise<SharingHost[]> {
    const rows: HostRow[] = await this.database.manager.query(
      `select host.id, host.facts, host.storage_health
         from hosts host join compute_environments environment on environment.id = host.compute_environment_id
        where environment.storage_id = $1 and host.status = 'online' order by host.id`,
      [storageId],
    );
    return rows.map(({ id, facts, storage_health: health }) => ({
      id,
      name: facts.hostName,
      health,
      isInstance: facts.instance !== null,
    }));
  }
}
