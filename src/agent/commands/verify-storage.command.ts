import type { CommandOutput } from '../../protocol/agent-api.js';
import { FailureError } from '../../protocol/failure.js';
import type { Clock } from '../clock.js';
import type { StorageMonitor } from '../storage-monitor.js';
import type { CommandHandler, CommandOf } from './command-handler.js';
import { readyStore } from './store-access.js';

/** How long to look for the canaries of hosts that were asked at the same time. */
const LOOK_MS = 3000;
const LOOK_EVERY_MS = 200;

/** Proves that this host can write where other hosts can read: each leaves a canary with the server's nonce and looks for theirs. */
export class VerifyStorageCommand implements CommandHandler<'verify-storage'> {
  readonly type = 'verify-storage';

  constructor(
    private readonly storage: StorageMonitor,
    private readonly clock: Clock,
  ) {}

  async handle({ storageId, nonce }: CommandOf<'verify-storage'>): Promise<CommandOutput> {
    if (!/^[A-Za-z0-9_-]{1,100}$/.test(nonce))
      throw new FailureError({ code: 'internal', message: 'the nonce is not a plain word' });
    const begun = this.clock.now();
    // Not what the last look found: what is there now.
    await this.storage.check();
    const store = readyStore(this.storage);
    if (this.storage.storageId !== storageId) {
      throw new FailureError({
        code: 'storage-not-mounted',
        message: `this host uses storage ${this.storage.storageId}, not ${storageId}`,
        remedy: 'ask a host whose compute environment uses that storage',
      });
    }
    await store.writeCanary(nonce);
    let seen = await store.readCanaries(nonce);
    while (this.clock.now() - begun < LOOK_MS) {
      await this.clock.sleep(LOOK_EVERY_MS);
      seen = await store.readCanaries(nonce);
    }
    if (!seen.includes(store.hostId)) {
      throw new FailureError({
        code: 'storage-write-failed',
        message: `what this host wrote to ${store.root} cannot be read back`,
      });
    }
    return { canariesSeen: seen, seconds: (this.clock.now() - begun) / 1000 };
  }

  resume(command: CommandOf<'verify-storage'>): Promise<CommandOutput> {
    return this.handle(command);
  }
}
