import type { CheckpointImage } from '../../protocol/agent-api.js';
import { FailureError, toFailure, type Failure } from '../../protocol/failure.js';
import { isEnding } from '../engines/process-facts.js';
import { CheckpointJournal } from './checkpoint-journal.js';
import type { CheckpointContext, CheckpointDependencies, CheckpointRequest } from './checkpoint-context.js';
import type { CheckpointStep, CheckpointStepName } from './checkpoint-step.js';
import { captureLayerStep } from './steps/capture-layer.step.js';
import { checkStep } from './steps/check.step.js';
import { commitStep } from './steps/commit.step.js';
import { dumpStep } from './steps/dump.step.js';
import { freezeStep } from './steps/freeze.step.js';
import { inspectStep } from './steps/inspect.step.js';
import { observeStep } from './steps/observe.step.js';
import { pruneStep } from './steps/prune.step.js';
import { sealStep } from './steps/seal.step.js';
import { thawStep } from './steps/thaw.step.js';

/**
 * The one ordered list. Steps in an inner list run side by side. `claim` comes before all and is the pipeline itself;
 * `prune` comes when the image has been told of: nobody waits for old files to go.
 */
const STEPS: readonly (CheckpointStep | readonly CheckpointStep[])[] = [
  inspectStep,
  checkStep,
  freezeStep,
  [observeStep, dumpStep, captureLayerStep],
  thawStep,
  sealStep,
  commitStep,
];

/**
 * Of a job with a GPU, one after the other: with its CUDA plugin CRIU lets the container run for a moment before it stops it
 * itself, and leaves it frozen when it is done. Only then do files and connections belong to the memory.
 */
const WITH_GPU: readonly CheckpointStep[] = [dumpStep, observeStep, captureLayerStep];

export interface CheckpointOutcome {
  image: CheckpointImage;
  /** Ids of older checkpoints removed, as policy asks. */
  pruned: string[];
  warnings: Failure[];
}

export interface CheckpointHooks {
  onStep?(step: CheckpointStepName): void;
  /** The image is committed. Until this resolves a crash leaves the journal, and the next start tells of the image. */
  onCommitted?(image: CheckpointImage): Promise<void>;
}

/** Takes checkpoints: a container goes in, a committed image or a {@link FailureError} comes out, and the job runs on. */
export class CheckpointPipeline {
  private readonly busy = new Set<string>();

  constructor(private readonly deps: CheckpointDependencies) {}

  isBusy(containerId: string): boolean {
    return this.busy.has(containerId);
  }

  /**
   * One checkpoint. Throws {@link FailureError}, `failure.step` set; whatever happens, the container is thawed again.
   * One at a time for each container: a second is refused with `checkpoint-in-progress` until the image is committed.
   */
  async run(request: CheckpointRequest, hooks: CheckpointHooks = {}): Promise<CheckpointOutcome> {
    if (this.busy.has(request.containerId)) {
      throw new FailureError({
        code: 'checkpoint-in-progress',
        message: `container ${request.containerId} is being checkpointed already`,
        remedy: 'wait for that checkpoint to finish',
        step: 'claim',
      });
    }
    this.busy.add(request.containerId);
    let context: CheckpointContext;
    try {
      context = await this.runClaimed(request, hooks);
    } catch (error) {
      throw new FailureError(toFailure(error), { cause: error });
    } finally {
      this.busy.delete(request.containerId);
    }
    hooks.onStep?.('prune');
    await pruneStep.run(context);
    return { image: context.image!, pruned: context.pruned ?? [], warnings: context.warnings };
  }

  private async runClaimed(request: CheckpointRequest, hooks: CheckpointHooks): Promise<CheckpointContext> {
    const onStep = (step: CheckpointStepName): void => hooks.onStep?.(step);
    const createdAt = new Date().toISOString();
    const startedAt = performance.now();
    const { checkpointId, jobId, containerId, trigger, storageId } = request;
    const record = { checkpointId, jobId, containerId, trigger, storageId, startedAt: createdAt, frozen: null };
    const journal = await CheckpointJournal.open(this.deps.stateDir, record);
    // Only now: what has been told of a checkpoint is also found again after a crash.
    onStep('claim');
    const abandoned = new AbortController();
    const context: CheckpointContext = {
      request,
      deps: this.deps,
      journal,
      startedAt,
      createdAt,
      abandoned,
      warnings: [],
    };
    const begun: CheckpointStep[] = [];
    try {
      for (const item of STEPS) {
        const together = Array.isArray(item) ? (item as readonly CheckpointStep[]) : [item as CheckpointStep];
        const groups = together.includes(dumpStep) && usesGpu(context) ? WITH_GPU.map((step) => [step]) : [together];
        for (const group of groups) {
          begun.push(...group);
          await runTogether(context, group, onStep);
        }
      }
    } catch (error) {
      const failure = await this.undo(context, begun, toFailure(error));
      await journal.close(request.policy.diagnosis);
      throw new FailureError(failure, { cause: error });
    }
    await hooks.onCommitted?.(context.image!);
    await journal.close();
    return context;
  }

  /** Takes everything back, newest step first; an undo that fails does not keep the others from running. */
  private async undo(context: CheckpointContext, begun: readonly CheckpointStep[], failure: Failure): Promise<Failure> {
    const problems: string[] = [];
    for (const step of [...begun].reverse()) {
      try {
        await step.undo?.(context);
      } catch (error) {
        problems.push(`${step.name}: ${toFailure(error).message}`);
      }
    }
    const named = hasExited(context) ? exited(failure) : failure;
    return problems.length === 0
      ? named
      : { ...named, message: `${named.message} (cleaning up failed too: ${problems.join('; ')})` };
  }
}

/** Runs steps side by side to their ends. The first failure makes the others give up where they can. */
async function runTogether(
  context: CheckpointContext,
  steps: readonly CheckpointStep[],
  onStep: (step: CheckpointStepName) => void,
): Promise<void> {
  const failures: FailureError[] = [];
  await Promise.all(
    steps.map(async (step) => {
      onStep(step.name);
      try {
        await step.run(context);
      } catch (error) {
        failures.push(new FailureError(toFailure(error, step.name), { cause: error }));
        context.abandoned.abort();
      }
    }),
  );
  if (failures.length > 0) throw failures[0]!;
}

function usesGpu({ inspected }: CheckpointContext): boolean {
  return inspected !== undefined && inspected.gpus.length > 0;
}

function hasExited(context: CheckpointContext): boolean {
  const pid = context.inspected?.description.pid;
  return pid !== undefined && context.image === undefined && isEnding(pid);
}

function exited(failure: Failure): Failure {
  const what = 'the container ended while it was being checkpointed';
  return {
    ...failure,
    code: 'container-exited',
    message: `${what} (${failure.message})`,
    remedy: 'nothing to do: the job is over',
  };
}
