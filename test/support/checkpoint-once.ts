/** Takes one checkpoint as its only argument, a CheckpointOrder in JSON, says; exits with 1 when it fails. */
import { DEFAULT_POLICY } from '../../src/protocol/policy.js';
import { ImageStore } from '../../src/agent/image-store/image-store.js';
import { RIG_HOST_ID, pipelineFor, type CheckpointOrder } from './checkpoint-rig.js';

const order = JSON.parse(process.argv[2]!) as CheckpointOrder;
const { checkpointId, jobId, containerId, kill } = order;
const store = await ImageStore.open({ mountPath: order.mountPath, fileSystemTypes: [] }, RIG_HOST_ID);
const request = {
  checkpointId,
  jobId,
  containerId,
  trigger: 'manual',
  policy: DEFAULT_POLICY,
  storageId: 'stor_rig',
  store,
} as const;
const killAt = (moment: string): void => {
  if (kill?.step !== moment) return;
  if (kill.afterMs === 0) process.kill(process.pid, 'SIGKILL');
  else setTimeout(() => process.kill(process.pid, 'SIGKILL'), kill.afterMs);
};
await pipelineFor(order).run(request, {
  onStep: killAt,
  onCommitted: () => Promise.resolve(killAt('committed')),
});
process.exit(0);
