import { Logger as NestLogger } from '@nestjs/common';
import { Logger } from 'graphile-worker';

const LEVELS = { error: 'error', warning: 'warn', info: 'debug', debug: 'verbose' } as const;

/** graphile-worker's log lines among ours, one level down: its "info" is of no interest to an operator. */
export function workerLogger(): Logger {
  const logger = new NestLogger('Background');
  return new Logger(() => (level, message) => logger[LEVELS[level]](message));
}
