import { access, constants, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { embeddedFile, isExecutable } from './embedded-files.js';
import { readIfPresent, replaceIfDifferent } from './image-store/durable-files.js';
import {
  DEFAULT_RESTORE_LIMIT_SECONDS,
  DEFAULT_STORAGE_WAIT_SECONDS,
  formatRuntimeConf,
  parseRuntimeConf,
} from './restore/runtime-conf.js';

export interface ShimSettings {
  /** Absolute path of the real runc. */
  runc: string;
  stateDir: string;
  criuDir: string;
  /** The image store's root (`storeRoot(mountPath)`); '' until the server named a storage. */
  store: string;
  /** What runs the restore program; by default this very program. Both the same: a self-contained executable. */
  node?: string;
  main?: string;
  /** Default: what the conf file says now, so that an operator's change stays. */
  storageWaitSeconds?: number;
  restoreLimitSeconds?: number;
}

export interface InstalledShim {
  /** The path to name in Docker's `runtimes`. */
  shim: string;
  /** False when everything was current already. */
  changed: boolean;
}

const HERE = import.meta.dirname;
/** Directories the shim writes to without making them. */
const DIRECTORIES = ['bin', 'containers', 'held', 'restored', 'restoring', 'pins', 'outbox', 'log'];

/**
 * Puts the runtime shim and its conf file into `<state>/bin`, or brings them up to date, each in one step: a container
 * may be created at any moment. Cheap when nothing changed; call it at start and whenever the storage changes.
 */
export async function installShim(settings: ShimSettings): Promise<InstalledShim> {
  const bin = join(settings.stateDir, 'bin');
  const shim = join(bin, 'batchpoint-runc');
  const confFile = `${shim}.conf`;
  if (settings.runc === shim) throw new Error(`BATCHPOINT_RUNC names the shim itself (${shim}); name the real runc`);
  for (const name of DIRECTORIES) await mkdir(join(settings.stateDir, name), { recursive: true, mode: 0o700 });

  const present = await readIfPresent(confFile);
  const before = present === null ? null : parseRuntimeConf(present);
  const conf = formatRuntimeConf({
    runc: settings.runc,
    node: settings.node ?? process.execPath,
    main: settings.main ?? (await mainProgram()),
    stateDir: settings.stateDir,
    criuDir: settings.criuDir,
    store: settings.store,
    storageWaitSeconds: settings.storageWaitSeconds ?? before?.storageWaitSeconds ?? DEFAULT_STORAGE_WAIT_SECONDS,
    restoreLimitSeconds: settings.restoreLimitSeconds ?? before?.restoreLimitSeconds ?? DEFAULT_RESTORE_LIMIT_SECONDS,
  });
  // The conf first: an old shim passes over what it does not know, a new one would miss it.
  const confChanged = await replaceIfDifferent(confFile, conf, 0o644);
  const shimChanged = await replaceIfDifferent(
    shim,
    embeddedFile('batchpoint-runc') ?? (await readFile(join(HERE, '..', 'runtime', 'batchpoint-runc'), 'utf8')),
    0o755,
  );
  return { shim, changed: confChanged || shimChanged };
}

/** The program this is part of: `main.js` beside the agent's directory, or the self-contained executable. */
async function mainProgram(): Promise<string> {
  if (isExecutable) return process.execPath;
  const main = join(HERE, '..', 'main.js');
  await access(main, constants.R_OK);
  return main;
}
