import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const KEPT = 20;

/** `<state>/log/restores/<restore id>/`: runc's and CRIU's logs of one try; those of the newest tries are kept. */
export function makeLogDir(stateDir: string, restoreId: string): string {
  const parent = join(stateDir, 'log', 'restores');
  const directory = join(parent, restoreId);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Ids sort by time.
  for (const old of readdirSync(parent).sort().slice(0, -KEPT)) rmSync(join(parent, old), { recursive: true, force: true });
  return directory;
}

export function removeLogDir(stateDir: string, restoreId: string): void {
  rmSync(join(stateDir, 'log', 'restores', restoreId), { recursive: true, force: true });
}
