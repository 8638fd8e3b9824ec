import { Logger, type LoggerService } from '@nestjs/common';

/** What the server logs from now on, in place of its own log (which is silent in tests). */
export class RecordedLog implements LoggerService {
  readonly lines: { level: string; [member: string]: unknown }[] = [];

  static start(): RecordedLog {
    const log = new RecordedLog();
    Logger.overrideLogger(log);
    return log;
  }

  log = (line: unknown): void => this.keep('log', line);
  warn = (line: unknown): void => this.keep('warn', line);
  error = (line: unknown): void => this.keep('error', line);
  debug = (line: unknown): void => this.keep('debug', line);
  verbose = (line: unknown): void => this.keep('verbose', line);

  private keep(level: string, line: unknown): void {
    this.lines.push({ level, ...(typeof line === 'object' ? line : { msg: line }) });
  }
}
