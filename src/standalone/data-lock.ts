import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTime } from './processes.js';

/** One `batchpoint start` for each data directory: two would stop each other's children. */
export function lockData(dataDir: string): () => void {
  const file = join(dataDir, 'start.pid');
  if (existsSync(file)) {
    const [pid, since] = readFileSync(file, 'utf8').trim().split(' ');
    if (Number(pid) !== process.pid && since && startTime(Number(pid)) === since) {
      throw new Error(
        `Batchpoint already runs on ${dataDir} (process ${pid}). Stop it with Ctrl-C there, or use other data: BATCHPOINT_DATA_DIR=./other npm start`,
      );
    }
  }
  writeFileSync(file, `${process.pid} ${startTime(process.pid) ?? ''}\n`);
  return () => rmSync(file, { force: true });
}
