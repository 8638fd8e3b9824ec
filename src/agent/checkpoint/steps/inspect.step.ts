import { FailureError, type Failure } from '../../../protocol/failure.js';
import { Freezer } from '../../engines/freezer.js';
import { upperDirectory } from '../../engines/overlay.js';
import { processFacts, residentBytes } from '../../engines/process-facts.js';
import { givenGpus } from '../../gpu/gpu-request.js';
import { errorCode } from '../../image-store/storage-failure.js';
import type { CheckpointContext } from '../checkpoint-context.js';
import type { CheckpointStep } from '../checkpoint-step.js';
import type { ContainerDescription } from '../container-description.js';

/** Looks at the container and at its processes; touches nothing. */
export const inspectStep: CheckpointStep = {
  name: 'inspect',
  async run(context: CheckpointContext): Promise<void> {
    const { deps, request } = context;
    const [description, host] = await Promise.all([deps.containers.describe(request.containerId), deps.hostFacts()]);
    const running = refuseUnlessRunning(description, request.containerId);
    try {
      const freezer = await Freezer.ofProcess(running.pid);
      const processes = processFacts(await freezer.pids());
      context.inspected = {
        description: running,
        runcRoot: running.runcRoot,
        freezer,
        host,
        processes,
        residentBytes: await residentBytes(running.pid, processes),
        gpus: givenGpus(running.gpuRequest, host.gpus ?? []),
        upperDir: request.policy.writableLayer ? await upperDirectory(running.pid, running.upperDir) : null,
      };
    } catch (error) {
      // Its /proc entries are gone: it ended after Docker described it.
      if (['ENOENT', 'ESRCH'].includes(errorCode(error) ?? ''))
        throw new FailureError(notRunning(request.containerId, 'has ended'));
      throw error;
    }
  },
};

function refuseUnlessRunning(
  description: ContainerDescription | null,
  containerId: string,
): ContainerDescription & { runcRoot: string } {
  if (description === null) throw new FailureError(notRunning(containerId, 'is not on this host'));
  const { status, pid, runcRoot } = description;
  if (status === 'paused') throw new FailureError(paused(containerId));
  if (status !== 'running' || pid === 0) throw new FailureError(notRunning(containerId, `is ${status}`));
  if (runcRoot === null) {
    throw new FailureError({
      code: 'not-under-batchpoint-runtime',
      message: `container ${containerId} was not started through the runtime \`batchpoint\``,
      remedy:
        "make `batchpoint` Docker's default runtime on this host (`batchpoint doctor` shows how) and start the job again",
    });
  }
  return { ...description, runcRoot };
}

export function paused(containerId: string): Failure {
  return {
    code: 'container-paused',
    message: `container ${containerId} is paused`,
    remedy: `resume it (\`docker unpause ${containerId}\`), then checkpoint`,
  };
}

function notRunning(containerId: string, state: string): Failure {
  return {
    code: 'job-not-running',
    message: `container ${containerId} ${state}`,
    remedy: 'only a running container can be checkpointed',
  };
}
