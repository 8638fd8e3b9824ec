import type { CommandOutput } from '../../protocol/agent-api.js';
import type { StorageMonitor } from '../storage-monitor.js';
import type { CommandHandler, CommandOf } from './command-handler.js';
import { findImage, readyStore } from './store-access.js';

/** Reads a whole image back and compares every digest. */
export class VerifyCheckpointCommand implements CommandHandler<'verify-checkpoint'> {
  readonly type = 'verify-checkpoint';

  constructor(private readonly storage: StorageMonitor) {}

  async handle({ checkpointId, jobId }: CommandOf<'verify-checkpoint'>): Promise<CommandOutput> {
    const store = readyStore(this.storage);
    const { bytesRead, seconds } = await store.verify(jobId, await findImage(store, jobId, checkpointId));
    return { bytesRead, seconds };
  }

  resume(command: CommandOf<'verify-checkpoint'>): Promise<CommandOutput> {
    return this.handle(command);
  }
}
