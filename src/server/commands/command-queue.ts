import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Command } from '../../protocol/agent-api.js';
import type { Failure } from '../../protocol/failure.js';
import { BackgroundTasks } from '../background/background-tasks.js';
import { requestContext } from '../common/request-context.js';
import { Waiter } from '../common/wait.js';
import { Database } from '../database/database.js';
import { OperationsService } from '../operations/operations.service.js';
import { CommandOutcomes } from './command-outcomes.js';
import { COMMAND_TOPIC, CommandsService, EXPIRE_COMMAND } from './commands.service.js';
import { HostCommand } from './host-command.entity.js';

const COMMAND_DEADLINE = 'command-deadline';
/** An answer to a poll can get lost on its way: what has no result after this long is given again to the same session. */
const REDELIVERY_SECONDS = 30;
const MAX_COMMANDS = 20;

const IS_DUE = `host_id = $1 and (
    (status = 'pending' and expires_at > now())
    or (status = 'delivered' and (session < $2 or delivered_at < now() - interval '${REDELIVERY_SECONDS} seconds')))`;

/** Hands commands to agents, at least once, and gives up those nobody picks up or finishes. */
@Injectable()
export class CommandQueue implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly waiter: Waiter,
    private readonly tasks: BackgroundTasks,
    private readonly operations: OperationsService,
    private readonly commands: CommandsService,
    private readonly outcomes: CommandOutcomes,
  ) {}

  onModuleInit(): void {
    this.tasks.register({
      name: EXPIRE_COMMAND,
      run: (payload) => this.expire((payload as { commandId: string }).commandId),
    });
    this.tasks.register({
      name: COMMAND_DEADLINE,
      run: (payload) => this.overdue((payload as { commandId: string }).commandId),
    });
  }

  /** Waits until the session has something due, or the time is over. `checkSession` throws when it is no longer the newest. */
  async take(hostId: string, session: number, waitMs: number, checkSession: () => Promise<void>): Promise<Command[]> {
    const caller = requestContext()?.signal;
    const take = async (): Promise<Command[]> => {
      await checkSession();
      // A poll that was broken off must not swallow a command until its redelivery.
      if (caller?.aborted) return [];
      return (await this.hasDue(hostId, session)) ? this.deliver(hostId, session, checkSession) : [];
    };
    return this.waiter.waitFor(COMMAND_TOPIC, hostId, waitMs, take, (commands) => commands.length > 0);
  }

  private async hasDue(hostId: string, session: number): Promise<boolean> {
    const rows: unknown[] = await this.database.manager.query(`select 1 from commands where ${IS_DUE} limit 1`, [
      hostId,
      session,
    ]);
    return rows.length > 0;
  }

  private async deliver(hostId: string, session: number, checkSession: () => Promise<void>): Promise<Command[]> {
    return this.database.transaction(async () => {
      await checkSession();
      // A crash of PostgreSQL may forget that it was given, never that it was asked for: it is then given again.
      await this.database.manager.query('set local synchronous_commit to off');
      const due: { id: string }[] = await this.database.manager.query(
        `select id from commands where ${IS_DUE} order by id limit ${MAX_COMMANDS} for update skip locked`,
        [hostId, session],
      );
      const delivered: Command[] = [];
      for (const { id } of due) delivered.push(await this.deliverOne(id, session));
      return delivered;
    });
  }

  private async deliverOne(id: string, session: number): Promise<Command> {
    const repository = this.database.repository(HostCommand);
    const command = await repository.findOneByOrFail({ id });
    if (command.operationId !== null) await this.operations.start(command.operationId);
    if (command.status === 'pending') {
      const runAt = new Date(Date.now() + command.deadlineSeconds * 1000);
      await this.tasks.enqueue(COMMAND_DEADLINE, { commandId: id }, { runAt, jobKey: `${COMMAND_DEADLINE}:${id}` });
    }
    const deliveries = command.deliveries + 1;
    await repository.update({ id }, { status: 'delivered', session, deliveredAt: new Date(), deliveries });
    return { id, expiresAt: command.expiresAt.toISOString(), ...command.payload };
  }

  private async expire(id: string): Promise<void> {
    const command = await this.database.repository(HostCommand).findOneBy({ id });
    if (command?.status !== 'pending') return;
    const seconds = Math.round((command.expiresAt.getTime() - command.createdAt.getTime()) / 1000);
    const failure: Failure = {
      code: 'expired',
      message: `The agent of host ${command.hostId} did not pick the work up within ${seconds} s.`,
      remedy: 'See whether the agent runs and reaches the server (`batchpoint doctor` on the host), then try again.',
    };
    await this.commands.giveUp(command, failure, ['pending']);
  }

  private async overdue(id: string): Promise<void> {
    const command = await this.database.repository(HostCommand).findOneBy({ id });
    if (command === null) return;
    const { hostId, operationId, payload: body, deadlineSeconds } = command;
    const failure: Failure = {
      code: 'expired',
      message: `Host ${hostId} picked the work up but did not say how it ended within ${deadlineSeconds} s.`,
      remedy: 'Look at the resource itself: if the host finished the work later, it shows there.',
    };
    await this.database.transaction(async () => {
      await this.commands.giveUp(command, failure);
      // The command may have its result while the report that ends the operation never came.
      if (operationId === null || !(await this.operations.fail(operationId, failure))) return;
      await this.outcomes.tell({ id, hostId, operationId, body, result: { status: 'failed', failure } });
    });
  }
}
