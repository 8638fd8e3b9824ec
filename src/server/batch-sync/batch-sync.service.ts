import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LinkedEnvironments } from '../compute-environments/linked-environments.js';
import { ScopeSync } from './scope-sync.js';
import { scopesOf, type SyncScope } from './scopes.js';
import { SyncState } from './sync-state.js';

/** Whoever syncs an account and region renews this at every turn; when it dies, another replica takes over after so long. */
const LEASE_SECONDS = 300;

/** Keeps jobs as AWS Batch has them: those in the queues of every environment that AWS is asked about. */
@Injectable()
export class BatchSync {
  private readonly holder = randomUUID();
  private running: Promise<void> | undefined;

  constructor(
    private readonly environments: LinkedEnvironments,
    private readonly state: SyncState,
    private readonly scopes: ScopeSync,
  ) {}

  /** Asks about all that is due. Accounts and regions side by side; one that another replica is at is left to it. */
  run(signal: AbortSignal = new AbortController().signal): Promise<void> {
    this.running ??= this.runAll(signal).finally(() => (this.running = undefined));
    return this.running;
  }

  private async runAll(signal: AbortSignal): Promise<void> {
    const scopes = scopesOf(await this.environments.list());
    await Promise.all(scopes.map((scope) => this.runOne(scope, signal)));
  }

  private async runOne(scope: SyncScope, signal: AbortSignal): Promise<void> {
    const hold = (): Promise<boolean> => this.state.acquire(scope.key, this.holder, LEASE_SECONDS);
    if (!(await hold())) return;
    try {
      await this.scopes.run(scope, hold, signal);
    } finally {
      await this.state.release(scope.key, this.holder);
    }
  }
}
