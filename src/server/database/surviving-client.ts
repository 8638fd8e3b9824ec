import { Logger } from '@nestjs/common';
import pg from 'pg';

const logger = new Logger('Database');

/**
 * A connection that PostgreSQL cuts while its pool is being closed (both go down together) has no listener any more, and an
 * 'error' without one ends the process. This one always has. For pools: `new pg.Pool({ Client: SurvivingClient })`.
 */
export class SurvivingClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', (error) => logger.debug(`a database connection was cut: ${error.message}`));
  }
}
