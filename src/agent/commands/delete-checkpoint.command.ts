import type { CommandOutput } from '../../protocol/agent-api.js';
import type { StorageMonitor } from '../storage-monitor.js';
import type { CommandHandler, CommandOf } from './command-handler.js';
import { readyStore } from './store-access.js';

/** Removes an image from the storage. One that is not there is deleted already. */
export class DeleteCheckpointCommand implements CommandHandler<'delete-checkpoint'> {
  readonly type = 'delete-checkpoint';

  constructor(private readonly storage: StorageMonitor) {}

  async handle({ checkpointId, jobId }: CommandOf<'delete-checkpoint'>): Promise<CommandOutput> {
    await readyStore(this.storage).remove(jobId, checkpointId);
    return {};
  }

  resume(command: CommandOf<'delete-checkpoint'>): Promise<CommandOutput> {
    return this.handle(command);
  }
}
