import { Injectable, type OnModuleInit } from '@nestjs/common';
import { In } from 'typeorm';
import { RESTORE_TRANSITIONS, statesLeadingTo } from '../../protocol/checkpoint-state.js';
import type { Failure } from '../../protocol/failure.js';
import { CommandOutcomes } from '../commands/command-outcomes.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { Database } from '../database/database.js';
import { HostLiveness, type LostHost } from '../hosts/host-liveness.js';
import { Restore } from './restore.entity.js';

/** What follows for restores when the commands about them end, or the host that does them is gone. */
@Injectable()
export class RestoreWork implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
    private readonly outcomes: CommandOutcomes,
    private readonly liveness: HostLiveness,
  ) {}

  onModuleInit(): void {
    // A success shows in the reports.
    this.outcomes.on('restore', async ({ body, result }) => {
      if (result.status === 'failed') await this.fail(body.restoreId, result.failure);
    });
    this.liveness.onLoss((host) => this.hostLost(host));
  }

  /** How it went cannot be known. Should the host come back and have succeeded, its report corrects this. */
  private async hostLost({ id, name, lastHeartbeatAt }: LostHost): Promise<void> {
    const open = await this.database.repository(Restore).findBy({ hostId: id, status: In(['pending', 'running']) });
    const message = `Host ${name} has not been heard of since ${lastHeartbeatAt.toISOString()}; whether the restore succeeded is not known.`;
    for (const restore of open) await this.fail(restore.id, { code: 'host-offline', message });
  }

  private async fail(id: string, failure: Failure): Promise<void> {
    const { affected } = await this.database
      .repository(Restore)
      .update(
        { id, status: In(statesLeadingTo(RESTORE_TRANSITIONS, 'failed')) },
        { status: 'failed', failure: failure, finishedAt: new Date(), step: null },
      );
    if (affected !== 0) await this.notifier.notify('restore', id);
  }
}
