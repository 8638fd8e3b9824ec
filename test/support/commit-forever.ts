/**
 * Commits images of one job to a store, one after the other, until it is killed.
 * Arguments: mount path, host id, job id. Prints the id of each once `commit` has returned.
 */
import { ImageStore } from '../../src/agent/image-store/image-store.js';
import { commitSample } from './image-samples.js';

const [mountPath, hostId, jobId] = process.argv.slice(2) as [string, string, string];
const store = await ImageStore.open({ mountPath, fileSystemTypes: [] }, hostId);
for (;;) {
  const image = await commitSample(store, jobId);
  process.stdout.write(`${image.checkpointId}\n`);
  await store.prune(jobId, 3);
}
