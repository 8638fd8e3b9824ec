import { createReadStream, createWriteStream, constants } from 'node:fs';
import { open, rm, truncate } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { findBindMountFile } from '../bind-mount-file.js';
import type { RestoreStep } from '../restore-step.js';

/**
 * What the job wrote to bind mounts after the checkpoint it will write again: files go back to the length they had.
 * Their ends are kept until the restore has succeeded; a fresh start finds the files as it would without Batchpoint.
 */
export const rollBackBindMountFiles: RestoreStep = {
  name: 'roll-back-bind-mount-files',
  async run({ image, bundle, journal, deadline, log }) {
    for (const recorded of image.manifest.bindMountFiles) {
      const { path, bytes, recordedBytes } = findBindMountFile(recorded, bundle.bindMounts);
      if (bytes === recordedBytes) continue;
      const tailFile = journal.tailFile(journal.changes.cutFiles.length);
      await deadline.limit(keepTail(path, recordedBytes, tailFile));
      await journal.record({ cutFiles: [...journal.changes.cutFiles, { path, keptBytes: recordedBytes, tailFile }] });
      await deadline.limit(truncate(path, recordedBytes));
      log.write(`${path}: back to ${recordedBytes} of ${bytes} bytes, the length at the checkpoint`);
    }
  },

  async undo({ journal }) {
    for (const { path, keptBytes, tailFile } of journal.changes.cutFiles.toReversed()) {
      // Gone when this was undone before.
      if (!existsSync(tailFile)) continue;
      const flags = constants.O_WRONLY | constants.O_NOFOLLOW;
      const file = await open(path, flags);
      await file.truncate(keptBytes);
      await pipeline(createReadStream(tailFile), file.createWriteStream({ start: keptBytes, flush: true }));
      await rm(tailFile, { force: true });
    }
  },
};

async function keepTail(path: string, from: number, tailFile: string): Promise<void> {
  await pipeline(createReadStream(path, { start: from }), createWriteStream(tailFile, { mode: 0o600, flush: true }));
}
