import { readFile } from 'node:fs/promises';
import { FailureError } from '../../../protocol/failure.js';
import { layerBytes } from '../../engines/overlay.js';
import { isGpuDevice } from '../../gpu/gpu-request.js';
import { stoppedProcess, unsupportedResource } from '../../engines/process-facts.js';
import { openFiles } from '../../engines/process-files.js';
import { gpuMemoryProblem } from '../../gpu/gpu-rules.js';
import { gpuMemoryInUse } from '../../gpu/nvidia-smi.js';
import { formatBytes } from '../../format-bytes.js';
import { freeSpaceWords, storageFull } from '../../image-store/storage-failure.js';
import { settled, type CheckpointContext } from '../checkpoint-context.js';
import type { CheckpointStep } from '../checkpoint-step.js';
import { paused } from './inspect.step.js';

/** Images hold more than pages: CRIU's own tables (about 1 MiB and a thousandth of the memory), tar's headers. */
const IMAGE_MARGIN_BYTES = 8 * 1024 * 1024;
const IMAGE_MARGIN_FACTOR = 1.01;
/** CRIU, runc and tar together, seen to stay below half of it. */
const WORKING_MEMORY_BYTES = 128 * 1024 * 1024;

/** Refuses, in words, what is known not to work, before the container is touched. */
export const checkStep: CheckpointStep = {
  name: 'check',
  async run(context: CheckpointContext): Promise<void> {
    const { request } = context;
    const inspected = settled(context, 'inspected');
    const { freezer, processes, upperDir, gpus } = inspected;
    if (request.policy.mode === 'off') {
      throw new FailureError({
        code: 'checkpointing-off',
        message: `the policy in force for job ${request.jobId} turns checkpointing off`,
        remedy:
          'set mode to manual or periodic in the settings, the compute environment or the job (MMC_CHECKPOINT_MODE)',
      });
    }
    if ((await freezer.state()) !== 'thawed') throw new FailureError(paused(request.containerId));
    const files = openFiles(processes.map(({ pid }) => pid));
    // Of a job with a GPU, cuda-checkpoint lets them go before CRIU looks.
    const looked = gpus.length === 0 ? files : files.filter(({ target }) => !isGpuDevice(target));
    const failure = stoppedProcess(processes) ?? unsupportedResource(processes, looked);
    if (failure !== null) throw new FailureError(failure);
    const [free, layer, gpuBytes] = await Promise.all([
      request.store.checkReady(),
      upperDir === null ? 0 : layerBytes(upperDir),
      checkMemory(inspected),
      request.store.records.checkOwnedBy(request.jobId, request.containerId),
    ]);
    const memory = processes.reduce((sum, { dumpedBytes }) => sum + dumpedBytes, 0);
    const needed = Math.ceil((memory + gpuBytes + layer) * IMAGE_MARGIN_FACTOR) + IMAGE_MARGIN_BYTES;
    if (needed > free.freeBytes) {
      throw storageFull(
        `the image needs about ${formatBytes(needed)} (memory ${formatBytes(memory)}, ${gpuBytes === 0 ? '' : `GPU ${formatBytes(gpuBytes)}, `}writable layer ${formatBytes(layer)}), ` +
          `the storage ${request.store.location.mountPath} has ${freeSpaceWords(free)}`,
      );
    }
  },
};

/** Resolves to what the job holds on its GPU, bytes: 0 without one. */
async function checkMemory(inspected: NonNullable<CheckpointContext['inspected']>): Promise<number> {
  const { gpus, processes, residentBytes, description } = inspected;
  const text = await readFile('/proc/meminfo', 'utf8');
  const available = Number(/^MemAvailable:\s*(\d+) kB$/m.exec(text)?.[1] ?? Infinity) * 1024;
  if (gpus.length > 0) {
    // A driver that does not tell: as if the whole of it were in use.
    const whole = gpus.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    const gpuBytes = (await gpuMemoryInUse(processes.map(({ pid }) => pid))) ?? whole;
    const failure = gpuMemoryProblem({
      gpuBytes,
      residentBytes,
      availableBytes: available,
      memoryLimitBytes: description.memoryLimitBytes,
      workingBytes: WORKING_MEMORY_BYTES,
    });
    if (failure !== null) throw new FailureError(failure);
    return gpuBytes;
  }
  if (available >= WORKING_MEMORY_BYTES) return 0;
  throw new FailureError({
    code: 'host-not-ready',
    message: `this host has ${formatBytes(available)} of memory left, a checkpoint needs ${formatBytes(WORKING_MEMORY_BYTES)} to work in`,
    remedy: 'leave more memory to the host: lower the memory of the job definition or take larger instances',
  });
}
