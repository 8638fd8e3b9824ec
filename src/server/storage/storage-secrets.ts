import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Not, Raw } from 'typeorm';
import { Database } from '../database/database.js';
import { isSealed } from '../secrets/sealed-secret.js';
import { SecretsService } from '../secrets/secrets.service.js';
import { Storage, type StoredSecrets } from './storage.entity.js';

type Secrets = Record<string, unknown>;

/** Secret settings of storages, on their way into and out of the database. */
@Injectable()
export class StorageSecrets implements OnApplicationBootstrap {
  private readonly logger = new Logger('StorageSecrets');

  constructor(
    private readonly database: Database,
    private readonly secrets: SecretsService,
  ) {}

  /** As they are to be stored. Nothing to keep needs no key. Throws `secret-key-missing`. */
  sealed(storageId: string, plain: Secrets): StoredSecrets {
    return Object.keys(plain).length === 0 ? {} : this.secrets.seal(plain, storageId);
  }

  /** Throws `secret-key-missing`, `secret-key-wrong`. */
  async of(storageId: string): Promise<Secrets> {
    const row = await this.database
      .repository(Storage)
      .findOneOrFail({ where: { id: storageId }, select: { id: true, secrets: true } });
    const stored = row.secrets ?? {};
    return isSealed(stored) ? (this.secrets.open(stored, storageId) as Secrets) : stored;
  }

  /** What releases before 0.2 wrote in the clear, and what an older key encrypted, is encrypted with the key of today. */
  async onApplicationBootstrap(): Promise<void> {
    const rows = await this.database.repository(Storage).find({
      where: { secrets: Not(Raw((column) => `${column} = '{}'::jsonb`)) },
      select: { id: true, name: true, secrets: true },
    });
    for (const row of rows) {
      const stored = row.secrets!;
      if (isSealed(stored) && (!this.secrets.available || this.secrets.isCurrent(stored))) continue;
      await this.renew(row.id, row.name, stored);
    }
  }

  private async renew(id: string, name: string, stored: StoredSecrets): Promise<void> {
    try {
      const plain = isSealed(stored) ? (this.secrets.open(stored, id) as Secrets) : stored;
      // Only if no other replica was faster. Not a change of the storage: its version stays.
      await this.database.manager.query('update storages set secrets = $1 where id = $2 and secrets = $3', [
        JSON.stringify(this.secrets.seal(plain, id)),
        id,
        JSON.stringify(stored),
      ]);
    } catch (error) {
      this.logger.error({
        storageId: id,
        msg: `the secrets of storage ${name} stay as they are${isSealed(stored) ? '' : ', in the clear'}: ${(error as Error).message}`,
      });
    }
  }
}
