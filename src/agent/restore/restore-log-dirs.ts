import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unmountBelow } from './mounts-below.js';

const KEPT = 20;

/** `<state>/log/restores/<restore id>/`: runc's and CRIU's logs of one try; those of the newest tries are kept. */
export async function makeLogDir(stateDir: string, restoreId: string): Promise<string> {
  const parent = join(stateDir, 'log', 'restores');
  const directory = join(parent, restoreId);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Ids sort by time.
  for (const old of readdirSync(parent).sort().slice(0, -KEPT)) await removeLogDir(stateDir, old);
  return directory;
}

/** It was CRIU's working directory, where CRIU mounts cgroups. */
export async function removeLogDir(stateDir: string, restoreId: string): Promise<void> {
  const directory = join(stateDir, 'log', 'restores', restoreId);
  await unmountBelow(directory);
  rmSync(directory, { recursive: true, force: true });
}
