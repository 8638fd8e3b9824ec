import { FailureError } from '../../../protocol/failure.js';
import { filesOpenForWriting, openFiles } from '../../engines/process-files.js';
import { tcpConnections } from '../../engines/tcp-connections.js';
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
    const { localAddresses, peersOutside, dataOnItsWay } = tcpConnections(files);
    if (dataOnItsWay) {
      throw new FailureError({
        code: 'unsupported-resource',
        message:
          'data is on its way to a process over loopback TCP whose sender has ended or closed its end: no image would hold it',
        remedy: 'checkpoint again once the process has read it; the job runs on',
      });
    }
    context.observed = {
      tcpLocalAddresses: localAddresses,
      tcpPeersOutside: peersOutside,
      bindMountFiles: filesOpenForWriting(
        files,
        binds.map(({ destination }) => destination),
      ),
    };
  },
};
