/**
 * Commits images of one job to a store, one after the other, until it is killed.
 * Arguments: mount path, host id, job id. Prints the id of each once `commit` has returned. With a sub-path as fourth
 * argument the job ends after each image and is removed, and starts again there.
 */
import { ImageStore } from '../../src/agent/image-store/image-store.js';
import { commitSample } from './image-samples.js';

const [mountPath, hostId, jobId, subpath] = process.argv.slice(2) as [string, string, string, string?];
const store = await ImageStore.open({ mountPath, fileSystemTypes: [] }, hostId);
for (;;) {
  if (subpath !== undefined) await store.prepareJob(jobId, subpath);
  const image = await commitSample(store, jobId);
  process.stdout.write(`${image.checkpointId}\n`);
  if (subpath === undefined) await store.prune(jobId, 3);
  else await store.removeJob(jobId);
}
