import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDuration } from '../../../protocol/duration.js';
import { FailureError, type Failure } from '../../../protocol/failure.js';
import { rootLineOf, tailOf } from '../../engines/criu-log.js';
import { rearmTimers } from '../../engines/dumped-files.js';
import { isEnding } from '../../engines/process-facts.js';
import type { ToolResult } from '../../engines/tool-process.js';
import { onStorage, storageFull } from '../../image-store/storage-failure.js';
import { CRIU_DIRECTORY } from '../../image-store/store-layout.js';
import { settled, type CheckpointContext } from '../checkpoint-context.js';
import type { CheckpointStep } from '../checkpoint-step.js';

const VIGIL_MS = 200;
const DUMP_LOG = 'dump.log';

/** Memory and process state into the staging directory, by runc and CRIU. */
export const dumpStep: CheckpointStep = {
  name: 'dump',
  async run(context: CheckpointContext): Promise<void> {
    const tool = settled(context, 'dumpTool');
    const limitMs = parseDuration(context.request.policy.timeout);
    let timedOut = false;
    const watchdog = setTimeout(() => {
      timedOut = true;
      tool.kill();
    }, limitMs);
    // With the container's first process dying CRIU was seen to wait for ever; and whoever killed the job waits too.
    const { pid } = settled(context, 'inspected').description;
    const vigil = setInterval(() => {
      if (isEnding(pid)) tool.kill();
    }, VIGIL_MS);
    tool.start();
    const result = await tool.finished;
    clearTimeout(watchdog);
    clearInterval(vigil);
    if (timedOut) {
      throw new FailureError({
        code: 'dump-timed-out',
        message: `the dump had not finished after ${context.request.policy.timeout}; it was given up and the job runs on`,
        remedy: "raise the policy's timeout, or use faster storage",
        ...(await logLine(context)),
      });
    }
    if (result.code !== 0) throw await dumpFailure(context, result);
    context.dumpSeconds = result.seconds;
    await refuseUnlessStill(context);
    const { directory } = settled(context, 'staging');
    await refuseDroppedEvents(join(context.journal.workPath, DUMP_LOG));
    const filesImage = join(directory, CRIU_DIRECTORY, 'files.img');
    await onStorage('completing the image', filesImage, () => rearmTimers(filesImage));
    if (context.request.policy.diagnosis) {
      await onStorage("copying CRIU's log", directory, () =>
        copyFile(join(context.journal.workPath, DUMP_LOG), join(directory, DUMP_LOG)),
      );
    }
  },
};

/**
 * With CRIU's CUDA plugin CRIU lets the container run, locks its GPU, stops the processes itself, and freezes the cgroup again at
 * its end (since 4.1). Were it not frozen now, the files would be of another moment than the memory.
 */
async function refuseUnlessStill(context: CheckpointContext): Promise<void> {
  const { gpus, freezer } = settled(context, 'inspected');
  if (gpus.length === 0 || (await freezer.state()) === 'frozen') return;
  throw new FailureError({
    code: 'freeze-failed',
    message: 'CRIU did not leave the container frozen after the dump with its CUDA plugin',
    remedy: 'use CRIU 4.2 or later, as deploy/prerequisites.sh installs it',
  });
}

/** CRIU only warns of it. Of a program that waits for such an event it would be the end. */
async function refuseDroppedEvents(dumpLog: string): Promise<void> {
  const line = /^.*fsnotify: The \S+ \w+ events will be dropped$/m.exec(await readFile(dumpLog, 'utf8'))?.[0];
  if (line === undefined) return;
  throw new FailureError({
    code: 'unsupported-resource',
    message: 'a program of the job has file events waiting (inotify) that it has not read, and CRIU would lose them',
    remedy: 'checkpoint again once the program has read them; the job runs on',
    logLine: line.replace(/^\(\d+\.\d+\)\s*/, ''),
  });
}

async function dumpFailure(context: CheckpointContext, result: ToolResult): Promise<FailureError> {
  const log = (await tailOf(join(context.journal.workPath, DUMP_LOG))) ?? '';
  const root = await logLine(context);
  if (/No space left on device|Disk quota exceeded/.test(log + result.output)) {
    const full = storageFull('the storage ran full while the memory image was written').failure;
    return new FailureError({ ...full, ...root });
  }
  if (/Can't dump that handle/.test(root.logLine ?? '')) {
    throw new FailureError({
      code: 'unsupported-resource',
      message: 'a program of the job watches a file or directory (inotify) that could not be found by its name',
      remedy: 'let it watch files on a bind mount or a volume, or set the checkpoint mode of the job to off',
      ...root,
    });
  }
  const said = root.logLine ?? (result.output.slice(-400) || 'nothing');
  return new FailureError({
    code: 'dump-failed',
    message: `CRIU could not dump the container (${result.signal ?? `runc exit ${result.code}`}): ${said}`,
    remedy: 'see docs/failure-codes.md for what CRIU cannot dump; `batchpoint doctor` checks the host; the job runs on',
    ...root,
  });
}

async function logLine(context: CheckpointContext): Promise<Pick<Failure, 'logLine'>> {
  const line = await rootLineOf(join(context.journal.workPath, DUMP_LOG));
  return line === undefined ? {} : { logLine: line };
}
