import { Injectable, type OnModuleInit } from '@nestjs/common';
import { BackgroundTasks } from '../background/background-tasks.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { CommandsService } from '../commands/commands.service.js';
import { Database } from '../database/database.js';
import { SettingsService } from '../settings/settings.service.js';

const TASK = 'mark-hosts-offline';
/** Cron knows whole minutes only: each run of it plans these further ones. */
const BETWEEN_MINUTES_SECONDS = [15, 30, 45];

export interface LostHost {
  id: string;
  name: string;
  lastHeartbeatAt: Date;
}
export type LossHandler = (host: LostHost) => Promise<void>;

/** Notices hosts that fell silent: marks them offline, ends what they were asked to do, tells who registered. */
@Injectable()
export class HostLiveness implements OnModuleInit {
  private readonly handlers: LossHandler[] = [];
  private readonly startedAt = performance.now();

  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
    private readonly tasks: BackgroundTasks,
    private readonly commands: CommandsService,
    private readonly settings: SettingsService,
  ) {}

  onModuleInit(): void {
    this.tasks.register({ name: TASK, cron: '* * * * *', run: (payload) => this.run(payload) });
  }

  /** `handler` runs in the transaction that marks the host offline. Register in `onModuleInit`. */
  onLoss(handler: LossHandler): void {
    this.handlers.push(handler);
  }

  /** Marks every silent host; returns their ids. */
  async markSilentHosts(): Promise<string[]> {
    const { offlineAfterSeconds } = await this.settings.rhythm();
    const silent: { id: string }[] = await this.database.manager.query(
      `select id from hosts where status = 'online' and last_heartbeat_at < now() - make_interval(secs => $1) order by id`,
      [offlineAfterSeconds],
    );
    const marked: string[] = [];
    for (const { id } of silent) {
      if (await this.markOffline(id, offlineAfterSeconds)) marked.push(id);
    }
    return marked;
  }

  private async run(payload: unknown): Promise<void> {
    if (payload === null) await this.planFurtherRuns();
    // While the server was down no heartbeat could arrive: hosts get the usual time to make themselves heard again.
    const { offlineAfterSeconds } = await this.settings.rhythm();
    if (performance.now() - this.startedAt < offlineAfterSeconds * 1000) return;
    await this.markSilentHosts();
  }

  private async planFurtherRuns(): Promise<void> {
    for (const seconds of BETWEEN_MINUTES_SECONDS) {
      const runAt = new Date(Date.now() + seconds * 1000);
      await this.tasks.enqueue(TASK, { seconds }, { runAt, jobKey: `${TASK}:${seconds}` });
    }
  }

  private async markOffline(id: string, silentSeconds: number): Promise<boolean> {
    return this.database.transaction(async () => {
      const [rows]: [{ name: string; last: Date }[], number] = await this.database.manager.query(
        `update hosts set status = 'offline', version = version + 1, updated_at = now()
          where id = $1 and status = 'online' and last_heartbeat_at < now() - make_interval(secs => $2)
          returning facts ->> 'hostName' as name, last_heartbeat_at as last`,
        [id, silentSeconds],
      );
      const row = rows[0];
      if (row === undefined) return false;
      await this.commands.giveUpAll(id, {
        code: 'host-offline',
        message: `Host ${row.name} (${id}) has not been heard of since ${row.last.toISOString()}; whether it finished the work is not known.`,
        remedy:
          'If the host comes back, what it finished shows in the checkpoint or the restore itself. If it was reclaimed, try again on another.',
      });
      for (const handler of this.handlers) await handler({ id, name: row.name, lastHeartbeatAt: row.last });
      await this.notifier.notify('host', id);
      return true;
    });
  }
}
