import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger as Pino, type LoggerOptions, pino } from 'pino';
import { requestContext } from '../common/request-context.js';

/** Never in a log line, wherever an object that has one is logged. */
const SECRETS = ['authorization', 'token', 'credential', 'password', 'secret', 'cookie'];

/** Nest's own: what it found in our modules, at every start. */
const FRAMEWORK = new Set(['NestFactory', 'NestApplication', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer']);

/** The server's log: one JSON object a line on stdout, each with the request it belongs to. */
export function createPino(level: string, destination?: DestinationStream): Pino {
  const options: LoggerOptions = {
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    mixin: () => {
      const context = requestContext();
      if (context === undefined) return {};
      return { requestId: context.requestId, ...(context.traceparent ? { traceparent: context.traceparent } : {}) };
    },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** Nest's Logger on pino. An object as the message gives the line its members; `msg` is its text. */
export class PinoLogger implements LoggerService {
  constructor(private readonly pino: Pino) {}

  log = this.writer('info');
  error = this.writer('error');
  warn = this.writer('warn');
  debug = this.writer('debug');
  verbose = this.writer('trace');
  fatal = this.writer('fatal');

  private writer(level: 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal') {
    return (message: unknown, ...rest: unknown[]): void => {
      // Nest's own calls: (message, context), and for errors (message, stack, context).
      const context = rest.length > 0 ? String(rest.at(-1)) : undefined;
      const verbosity = level === 'info' && FRAMEWORK.has(context ?? '') ? 'debug' : level;
      const stack = level === 'error' && rest.length > 1 && typeof rest[0] === 'string' ? rest[0] : undefined;
      const fields = typeof message === 'object' && message !== null && !(message instanceof Error) ? message : {};
      const text = typeof message === 'string' ? message : undefined;
      const error = message instanceof Error ? { err: message } : {};
      this.pino[verbosity]({ context, ...(stack ? { stack } : {}), ...error, ...fields }, text);
    };
  }
}
