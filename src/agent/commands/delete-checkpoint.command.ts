import type { CheckpointReport, CommandOutput } from '../../protocol/agent-api.js';
import { isReadable } from '../image-store/stored-image.js';
import type { StorageMonitor } from '../storage-monitor.js';
import type { CommandHandler, CommandOf } from './command-handler.js';
import { readyStore } from './store-access.js';

/** Removes an image from the storage. One that is not there is deleted already. */
export class DeleteCheckpointCommand implements CommandHandler<'delete-checkpoint'> {
  readonly type = 'delete-checkpoint';

  constructor(
    private readonly storage: StorageMonitor,
    private readonly report: (report: CheckpointReport) => Promise<void>,
  ) {}

  async handle({ checkpointId, jobId }: CommandOf<'delete-checkpoint'>): Promise<CommandOutput> {
    const store = readyStore(this.storage);
    const entry = await store.find(jobId, checkpointId);
    const known = entry !== null && isReadable(entry) ? entry.manifest : null;
    await store.remove(jobId, checkpointId);
    const containerId = known?.container.containerId ?? '';
    const trigger = known?.trigger ?? 'manual';
    await this.report({ type: 'checkpoint', checkpointId, jobId, containerId, trigger, status: 'deleted' });
    return {};
  }

  resume(command: CommandOf<'delete-checkpoint'>): Promise<CommandOutput> {
    return this.handle(command);
  }
}
