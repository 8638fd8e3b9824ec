import { sealDirectory } from '../../image-store/file-digests.js';
import { onStorage } from '../../image-store/storage-failure.js';
import { STAGING_HOST_FILE } from '../../image-store/store-layout.js';
import { settled, type CheckpointContext } from '../checkpoint-context.js';
import type { CheckpointStep } from '../checkpoint-step.js';

/**
 * Makes every file of the image durable and takes its digest; the job runs again meanwhile. (To hash while CRIU still
 * writes was tried: it takes CPU from CRIU, and the job stands still for longer.)
 */
export const sealStep: CheckpointStep = {
  name: 'seal',
  async run(context: CheckpointContext): Promise<void> {
    const { directory } = settled(context, 'staging');
    const leaveOut = new Set([STAGING_HOST_FILE]);
    context.files = await onStorage('flushing the image', directory, () => sealDirectory(directory, leaveOut));
  },
};
