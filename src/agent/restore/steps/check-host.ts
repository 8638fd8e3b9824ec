import { FailureError } from '../../../protocol/failure.js';
import { incompatibilities } from '../../../protocol/compatibility.js';
import type { RestoreStep } from '../restore-step.js';

/** May this image run here? Decided by what this machine measures now, not by names of instance types. */
export const checkHost: RestoreStep = {
  name: 'check-host',
  async run({ image, hostFacts }) {
    const reasons = incompatibilities(image.manifest, await hostFacts());
    const [first] = reasons;
    if (first === undefined) return;
    throw new FailureError({
      code: first.code,
      message: reasons.map(({ message }) => message).join('; '),
      remedy: first.remedy,
    });
  },
};
