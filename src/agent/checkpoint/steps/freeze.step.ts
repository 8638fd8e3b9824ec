import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDuration } from '../../../protocol/duration.js';
import { FailureError } from '../../../protocol/failure.js';
import { imageSubpath } from '../../../protocol/image-subpath.js';
import { FreezeGuard } from '../../engines/freeze-guard.js';
import { captureLayer } from '../../engines/overlay.js';
import { processFacts, stoppedProcess } from '../../engines/process-facts.js';
import { openFiles } from '../../engines/process-files.js';
import { ToolProcess } from '../../engines/tool-process.js';
import { watchedPaths } from '../../engines/watched-paths.js';
import { onStorage } from '../../image-store/storage-failure.js';
import { CRIU_DIRECTORY, LAYER_FILE } from '../../image-store/store-layout.js';
import { settled, type CheckpointContext } from '../checkpoint-context.js';
import type { CheckpointStep } from '../checkpoint-step.js';
import { thawStep } from './thaw.step.js';

const FREEZE_LIMIT_MS = 10_000;

/**
 * Makes everything ready that can be while the job still runs, and then stops it. From here to `thaw` the job stands
 * still, so that its memory and its files are of one moment.
 */
export const freezeStep: CheckpointStep = {
  name: 'freeze',
  async run(context: CheckpointContext): Promise<void> {
    const { request, deps, journal } = context;
    const { description, freezer, runcRoot, upperDir, gpus } = settled(context, 'inspected');
    const { store, jobId } = request;
    const timeoutMs = parseDuration(request.policy.timeout);
    const watched = await watchedPaths(description.pid, openFiles(await freezer.pids()));
    // Nearly always there: made when the job was claimed.
    await store.prepareJob(jobId, imageSubpath(description.environment, store.location.mountPath).subpath);
    const staging = await store.beginStaging(jobId, request.checkpointId);
    context.staging = staging;
    const imagePath = join(staging.directory, CRIU_DIRECTORY);
    await onStorage(`making ${imagePath}`, imagePath, () => mkdir(imagePath, { mode: 0o700 }));

    const guard = (context.guard = new FreezeGuard(freezer, timeoutMs));
    await journal.setFrozen({ path: freezer.path, version: freezer.version, guardPid: guard.pid });
    const paths = { imagePath, workPath: journal.workPath, watchedPaths: watched };
    const dump = (context.dumpTool = new ToolProcess(
      await deps.runc.checkpoint({
        root: runcRoot,
        id: request.containerId,
        ...paths,
        timeoutMs,
        gpu: gpus.length > 0,
      }),
    ));
    await guard.watch('dump', dump);
    if (upperDir !== null) {
      context.layerTool = new ToolProcess(captureLayer(upperDir, join(staging.directory, LAYER_FILE)));
      await guard.watch('helper', context.layerTool);
    }

    context.frozenAt = performance.now();
    await freezer.freeze(Math.min(FREEZE_LIMIT_MS, timeoutMs));
    const stopped = stoppedProcess(processFacts(await freezer.pids()));
    if (stopped !== null) throw new FailureError(stopped);
  },
  async undo(context: CheckpointContext): Promise<void> {
    const { dumpTool, layerTool } = context;
    dumpTool?.kill();
    layerTool?.kill();
    await Promise.all([dumpTool?.finished, layerTool?.finished]);
    try {
      await thawStep.run(context);
    } finally {
      if (context.staging !== undefined) await context.request.store.discardStaging(context.staging);
    }
  },
};
