import { Injectable, type OnModuleInit } from '@nestjs/common';
import { BackgroundTasks } from '../background/background-tasks.js';
import { DomainError } from '../common/domain-error.js';
import type { OperationDto } from '../operations/dto/operation.dto.js';
import { OperationsService } from '../operations/operations.service.js';
import { ComputeEnvironmentsService } from './compute-environments.service.js';
import { EnvironmentSyncService } from './environment-sync.service.js';

const ROUND = 'plan-environment-syncs';
const SYNC = 'sync-environment';
/** Looks of a round are spread over this time, which is less than the five minutes between rounds. */
const SPREAD_MS = 4 * 60_000;

interface SyncPayload {
  computeEnvironmentId: string;
  /** null: of a round. */
  operationId: string | null;
}

/** When AWS is looked at: every five minutes for each environment that it knows, and when somebody asks. */
@Injectable()
export class EnvironmentSyncTasks implements OnModuleInit {
  constructor(
    private readonly tasks: BackgroundTasks,
    private readonly operations: OperationsService,
    private readonly environments: ComputeEnvironmentsService,
    private readonly syncs: EnvironmentSyncService,
  ) {}

  onModuleInit(): void {
    this.tasks.register({ name: ROUND, cron: '*/5 * * * *', run: () => this.planRound() });
    this.tasks.register({ name: SYNC, run: (payload) => this.run(payload as SyncPayload) });
  }

  async start(computeEnvironmentId: string): Promise<OperationDto> {
    const { name, region } = await this.environments.find(computeEnvironmentId);
    if (region === null) {
      throw new DomainError(
        'invalid-state',
        `Compute environment ${name} is known here by its name only, so there is nothing to read. Set its region with PATCH.`,
      );
    }
    const operationId = await this.operations.open({
      type: 'sync-environment',
      resourceType: 'compute-environment',
      resourceId: computeEnvironmentId,
    });
    await this.tasks.enqueue(SYNC, { computeEnvironmentId, operationId } satisfies SyncPayload);
    return this.operations.find(operationId);
  }

  /** One task an environment, at a moment of its own: many environments never ask AWS all at once. */
  private async planRound(): Promise<void> {
    for (const computeEnvironmentId of await this.syncs.linkedIds()) {
      const payload: SyncPayload = { computeEnvironmentId, operationId: null };
      const runAt = new Date(Date.now() + Math.random() * SPREAD_MS);
      await this.tasks.enqueue(SYNC, payload, { runAt, jobKey: `${SYNC}:${computeEnvironmentId}` });
    }
  }

  private async run({ computeEnvironmentId, operationId }: SyncPayload): Promise<void> {
    if (operationId === null) {
      await this.syncs.sync(computeEnvironmentId);
      return;
    }
    await this.operations.start(operationId);
    const outcome = await this.syncs.sync(computeEnvironmentId);
    if (outcome.status === 'synced') await this.operations.succeed(operationId, { changed: outcome.changed });
    else if (outcome.status === 'failed')
      await this.operations.fail(operationId, {
        code: 'aws-failed',
        message: outcome.failure,
        remedy: 'Mend the cause and sync again; until then what was known before stays.',
      });
    else
      await this.operations.fail(operationId, {
        code: 'cancelled',
        message:
          'The compute environment was unregistered, or its region or role was changed, while AWS was being asked.',
        remedy: 'Sync again, if it is still registered.',
      });
  }
}
