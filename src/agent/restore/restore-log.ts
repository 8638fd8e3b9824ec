import { existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

const MOST_BYTES = 5 * 1024 * 1024;

/**
 * The restore program's own log. The shim has pointed this process's stdout at `<state>/log/restore.log`; the
 * container's streams are elsewhere, so no line from here can reach the job's log.
 */
export class RestoreLog {
  constructor(private readonly containerId: string) {}

  write(message: string): void {
    const container = this.containerId.slice(0, 12);
    process.stdout.write(`${new Date().toISOString()} ${container}: ${message.replace(/\s*\n\s*/g, ' ')}\n`);
  }

  /** One older log is kept. This run's lines go to the file that was open, whatever it is called now. */
  static rotate(stateDir: string): void {
    for (const name of ['restore.log', 'shim.log']) {
      const path = join(stateDir, 'log', name);
      if (existsSync(path) && statSync(path).size > MOST_BYTES) renameSync(path, `${path}.1`);
    }
  }
}
