import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import { Database } from '../database/database.js';
import { isMigrated } from '../database/migrate.js';
import type { ReadinessDto } from './dto/health.dto.js';

const TIMEOUT_MS = 3000;

@Injectable()
export class HealthService {
  /** Schemas only go forward: once seen complete, they are. */
  private migrated = false;

  constructor(private readonly database: Database) {}

  /** Throws `not-ready`, naming the check that failed. */
  async readiness(): Promise<ReadinessDto> {
    await check('database', () => this.database.dataSource.query('select 1'));
    if (!this.migrated) this.migrated = await check('migrations', () => isMigrated(this.database.dataSource));
    if (!this.migrated) throw notReady('migrations', 'The database has not run all migrations of this build.');
    return { status: 'ok' };
  }
}

async function check<T>(name: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await withTimeout(ask());
  } catch (error) {
    throw notReady(name, `The database does not answer: ${(error as Error).message || 'no connection'}.`);
  }
}

function notReady(check: string, detail: string): DomainError {
  return new DomainError('not-ready', detail, {
    errors: [{ pointer: check, code: 'failed', detail }],
    headers: { 'retry-after': '5' },
  });
}

async function withTimeout<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
