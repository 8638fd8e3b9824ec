import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { isMigrated } from '../database/migrate.js';
import type { ReadinessDto } from './dto/health.dto.js';

const TIMEOUT_MS = 3000;

@Injectable()
export class HealthService {
  /** Schemas only go forward: once seen complete, they are. */
  private migrated = false;

  constructor(private readonly database: Database) {}

  async readiness(): Promise<ReadinessDto> {
    const checks: Record<string, string> = {};
    try {
      await withTimeout(this.database.dataSource.query('select 1'));
      checks.database = 'ok';
      this.migrated ||= await withTimeout(isMigrated(this.database.dataSource));
      checks.migrations = this.migrated ? 'ok' : 'not all have run';
    } catch (error) {
      checks[checks.database === undefined ? 'database' : 'migrations'] = (error as Error).message;
    }
    return { status: Object.values(checks).every((check) => check === 'ok') ? 'ok' : 'failed', checks };
  }
}

async function withTimeout<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
