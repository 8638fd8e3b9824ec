import type { RestoreStep } from '../restore-step.js';

/** Reads every byte of the image before anything of it is used. */
export const verifyImage: RestoreStep = {
  name: 'verify-image',
  async run({ store, jobId, image, seconds, log }) {
    const { bytesRead, seconds: took } = await store.verify(jobId, image);
    seconds.verify = took;
    log.write(`checkpoint ${image.name}: ${bytesRead} bytes verified in ${took.toFixed(3)} s`);
  },
};
