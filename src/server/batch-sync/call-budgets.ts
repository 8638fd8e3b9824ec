import { Injectable } from '@nestjs/common';
import { ServerConfig } from '../config/server-config.js';
import { CallBudget } from './call-budget.js';
import { Clock } from './clock.js';

/** With the sync switched off, somebody still may ask for one by hand. */
const BY_HAND_PER_SECOND = 10;

/** This replica's budget of each account and region. Only the one that holds the lease of a scope spends. */
@Injectable()
export class CallBudgets {
  private readonly budgets = new Map<string, CallBudget>();

  constructor(
    private readonly config: ServerConfig,
    private readonly clock: Clock,
  ) {}

  of(scope: string): CallBudget {
    let budget = this.budgets.get(scope);
    if (budget === undefined) {
      budget = new CallBudget(this.config.batchCallsPerSecond || BY_HAND_PER_SECOND, this.clock);
      this.budgets.set(scope, budget);
    }
    return budget;
  }
}
