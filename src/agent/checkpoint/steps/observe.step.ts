import { filesOpenForWriting, openFiles } from '../../engines/process-files.js';
import { tcpLocalAddresses } from '../../engines/tcp-addresses.js';
import { settled, type CheckpointContext } from '../checkpoint-context.js';
import type { CheckpointStep } from '../checkpoint-step.js';

/**
 * Notes what only the frozen container can tell: connections, and how long its files on bind mounts are. It is done
 * before runc has started CRIU, whose helper inside the processes would be seen among their descriptors.
 */
export const observeStep: CheckpointStep = {
  name: 'observe',
  async run(context: CheckpointContext): Promise<void> {
    const { freezer, description } = settled(context, 'inspected');
    const files = openFiles(await freezer.pids());
    const binds = description.container.mounts.filter(({ type }) => type === 'bind' || type === 'volume');
    context.observed = {
      tcpLocalAddresses: tcpLocalAddresses(files),
      bindMountFiles: filesOpenForWriting(
        files,
        binds.map(({ destination }) => destination),
      ),
    };
  },
};
