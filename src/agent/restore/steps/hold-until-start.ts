import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RestoredMarker } from '../../../protocol/shim-api.js';
import { replaceFile } from '../../image-store/durable-files.js';
import { Freezer } from '../../engines/freezer.js';
import type { RestoreStep } from '../restore-step.js';

const FREEZE_LIMIT_MS = 10_000;

/**
 * Docker has asked for a container that is created, not running: it stays frozen until `start`. CRIU left the processes
 * stopped; told to continue while frozen, they run at the moment the cgroup is thawed and not before.
 */
export const holdUntilStart: RestoreStep = {
  name: 'hold-until-start',
  async run({ conf, call, logDir, restoreId, image }) {
    const pid = Number(readFileSync(call.pidFile ?? join(logDir, 'pid'), 'utf8'));
    const freezer = await Freezer.ofProcess(pid);
    await freezer.freeze(FREEZE_LIMIT_MS);
    for (const process_ of await freezer.pids()) process.kill(process_, 'SIGCONT');
    const marker: RestoredMarker = { restoreId, checkpointId: image.checkpointId };
    await replaceFile(join(conf.stateDir, 'restored', call.id), JSON.stringify(marker));
    await replaceFile(join(conf.stateDir, 'held', call.id), `${restoreId}\n`);
  },

  async undo({ conf, call }) {
    for (const kind of ['held', 'restored']) rmSync(join(conf.stateDir, kind, call.id), { force: true });
  },
};
