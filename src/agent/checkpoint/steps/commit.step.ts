import { toCheckpointImage } from '../checkpoint-image.js';
import { settled, type CheckpointContext } from '../checkpoint-context.js';
import type { CheckpointStep } from '../checkpoint-step.js';

/** From here on the image can be restored from. It is not taken back. */
export const commitStep: CheckpointStep = {
  name: 'commit',
  async run(context: CheckpointContext): Promise<void> {
    const { request } = context;
    const { description, host, residentBytes, gpus } = settled(context, 'inspected');
    const seconds = (): number => (performance.now() - context.startedAt) / 1000;
    const place = await request.store.commit(
      settled(context, 'staging'),
      {
        checkpointId: request.checkpointId,
        parentId: null,
        restoredFrom: description.restoredFrom,
        createdAt: context.createdAt,
        trigger: request.trigger,
        job: { ...description.job, jobId: request.jobId },
        host: { ...host, hostId: request.store.hostId },
        container: description.container,
        ...settled(context, 'observed'),
        residentBytes,
        ...(gpus.length === 0 ? {} : { gpus }),
        writableLayer: context.writableLayer ?? null,
        measured: {
          freezeSeconds: settled(context, 'freezeSeconds'),
          dumpSeconds: settled(context, 'dumpSeconds'),
          totalSeconds: seconds(),
        },
      },
      settled(context, 'files'),
    );
    const image = toCheckpointImage(place, request.store, request.storageId);
    context.image = { ...image, totalSeconds: seconds() };
  },
};
