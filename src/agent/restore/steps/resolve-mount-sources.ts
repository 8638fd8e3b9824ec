import { Bundle } from '../bundle.js';
import type { RestoreStep } from '../restore-step.js';

/** Bind sources that are links (Docker's own init program is one) make CRIU miss the mount. */
export const resolveMountSources: RestoreStep = {
  name: 'resolve-mount-sources',
  async run({ bundle, journal }) {
    await journal.record({ config: bundle.readConfig().toString('base64') });
    bundle.resolveMountSources();
  },
  async undo({ call, journal }) {
    const { config } = journal.changes;
    if (config !== null) Bundle.putConfigBack(call.bundle, Buffer.from(config, 'base64'));
  },
};
