import type { CommandOutput } from '../../protocol/agent-api.js';
import { FailureError } from '../../protocol/failure.js';
import type { CheckpointRunner } from '../checkpoint-runner.js';
import type { StorageMonitor } from '../storage-monitor.js';
import type { CommandHandler, CommandOf } from './command-handler.js';
import { readyStore } from './store-access.js';

/** Takes a checkpoint on demand. What it became is told by reports, also after a restart (`recoverInterrupted`). */
export class CheckpointCommand implements CommandHandler<'checkpoint'> {
  readonly type = 'checkpoint';

  constructor(
    private readonly runner: CheckpointRunner,
    private readonly storage: StorageMonitor,
  ) {}

  async handle({ checkpointId, jobId, containerId }: CommandOf<'checkpoint'>): Promise<CommandOutput> {
    const failure = await this.runner.run({ checkpointId, jobId, containerId, trigger: 'manual' });
    if (failure !== null) throw new FailureError(failure);
    return {};
  }

  /** A half-made image was removed when the agent started: it is there whole, or not at all. */
  async resume({ checkpointId, jobId }: CommandOf<'checkpoint'>): Promise<CommandOutput> {
    if ((await readyStore(this.storage).find(jobId, checkpointId)) !== null) return {};
    throw new FailureError({
      code: 'agent-restarted',
      message: 'the agent was stopped or killed while it took this checkpoint; the job ran on',
      remedy: 'trigger the checkpoint again',
    });
  }
}
