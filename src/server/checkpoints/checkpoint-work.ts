import { Injectable, type OnModuleInit } from '@nestjs/common';
import { In } from 'typeorm';
import { CHECKPOINT_TRANSITIONS, type CheckpointStatus, statesLeadingTo } from '../../protocol/checkpoint-state.js';
import type { Failure, FailureCode } from '../../protocol/failure.js';
import { CommandOutcomes, type SettledCommand } from '../commands/command-outcomes.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { Database } from '../database/database.js';
import { HostLiveness, type LostHost } from '../hosts/host-liveness.js';
import { OperationsService } from '../operations/operations.service.js';
import { Checkpoint } from './checkpoint.entity.js';

/** What a verification found wrong with the image itself, rather than with the host or the way to it. */
const IMAGE_FAULTS: FailureCode[] = ['manifest-unreadable', 'digest-mismatch', 'file-missing', 'checkpoint-not-found'];
/** Not reported by the host but concluded here. */
type Concluded = Partial<Pick<Checkpoint, 'failure' | 'step' | 'finishedAt' | 'deletedAt'>>;

/** What follows for checkpoints when the commands about them end, or the host that takes them is gone. */
@Injectable()
export class CheckpointWork implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
    private readonly operations: OperationsService,
    private readonly outcomes: CommandOutcomes,
    private readonly liveness: HostLiveness,
  ) {}

  onModuleInit(): void {
    this.outcomes.on('checkpoint', (command) => this.checkpointEnded(command));
    this.outcomes.on('verify-checkpoint', (command) => this.verificationEnded(command));
    this.outcomes.on('delete-checkpoint', (command) => this.deletionEnded(command));
    this.liveness.onLoss((host) => this.hostLost(host));
  }

  /** A success shows in the reports, which carry the image. */
  private async checkpointEnded({ body, result }: SettledCommand<'checkpoint'>): Promise<void> {
    if (result.status === 'failed') await this.fail(body.checkpointId, result.failure);
  }

  private async verificationEnded({ body, result, operationId }: SettledCommand<'verify-checkpoint'>): Promise<void> {
    if (result.status === 'failed' && !IMAGE_FAULTS.includes(result.failure.code)) return;
    const verificationFailure = result.status === 'failed' ? result.failure : null;
    await this.database
      .repository(Checkpoint)
      .update({ id: body.checkpointId }, { verifiedAt: new Date(), verificationFailure: verificationFailure });
    await this.notifier.notify('checkpoint', body.checkpointId);
    if (result.status === 'succeeded' && operationId !== null)
      await this.operations.succeed(operationId, { ...result.output });
  }

  private async deletionEnded({ body, result, operationId }: SettledCommand<'delete-checkpoint'>): Promise<void> {
    if (result.status === 'failed') return;
    await this.move(body.checkpointId, 'deleted', { deletedAt: new Date(), step: null });
    if (operationId !== null) await this.operations.succeed(operationId, { ...result.output });
  }

  /** What it was at cannot be known. Should it come back and have committed, its report corrects this. */
  private async hostLost({ id, name, lastHeartbeatAt }: LostHost): Promise<void> {
    const running = await this.database
      .repository(Checkpoint)
      .findBy({ hostId: id, status: In(['pending', 'running']) });
    const failure: Failure = {
      code: 'host-offline',
      message: `Host ${name} has not been heard of since ${lastHeartbeatAt.toISOString()}; whether it finished the checkpoint is not known.`,
    };
    for (const checkpoint of running) await this.fail(checkpoint.id, failure);
  }

  private async fail(id: string, failure: Failure): Promise<void> {
    // Not `failed -> failed`: the host's own report, when it was first, says more.
    await this.move(id, 'failed', { failure, finishedAt: new Date(), step: null });
  }

  private async move(id: string, to: CheckpointStatus, changes: Concluded): Promise<void> {
    const { affected } = await this.database
      .repository(Checkpoint)
      .update({ id, status: In(statesLeadingTo(CHECKPOINT_TRANSITIONS, to)) }, { ...changes, status: to });
    if (affected !== 0) await this.notifier.notify('checkpoint', id);
  }
}
