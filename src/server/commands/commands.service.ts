import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { CommandBody, CommandResult } from '../../protocol/agent-api.js';
import type { Failure } from '../../protocol/failure.js';
import { newId } from '../../protocol/ids.js';
import { BackgroundTasks } from '../background/background-tasks.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { DomainError } from '../common/domain-error.js';
import { Database } from '../database/database.js';
import type { OperationType } from '../operations/operation-type.js';
import { OperationsService } from '../operations/operations.service.js';
import { CommandOutcomes } from './command-outcomes.js';
import { type CommandStatus, HostCommand, OPEN_COMMAND_STATUSES } from './host-command.entity.js';

export const COMMAND_TOPIC = 'command';
export const EXPIRE_COMMAND = 'expire-command';

/** An agent polls without pause, so a command waits for one this long only when the agent or the network is down. */
const PICK_UP_SECONDS = 120;
const DEADLINE_SECONDS = 3600;

export interface SendOptions {
  operationId?: string;
  pickUpSeconds?: number;
  /** How long the work may take once an agent has it. */
  deadlineSeconds?: number;
}

/**
 * The commands of all hosts, from sending to settling. Everything runs in the caller's transaction when there is one, so a
 * command exists exactly when the rows it is about do.
 */
@Injectable()
export class CommandsService {
  private readonly cancellers = new Map<OperationType, (operationId: string) => Promise<boolean>>();

  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
    private readonly tasks: BackgroundTasks,
    private readonly operations: OperationsService,
    private readonly outcomes: CommandOutcomes,
  ) {}

  async send(hostId: string, body: CommandBody, options: SendOptions = {}): Promise<string> {
    const { operationId = null, pickUpSeconds = PICK_UP_SECONDS, deadlineSeconds = DEADLINE_SECONDS } = options;
    const id = newId('command');
    const expiresAt = new Date(Date.now() + pickUpSeconds * 1000);
    await this.database.transaction(async () => {
      await this.database
        .repository(HostCommand)
        .insert({ id, hostId, operationId, type: body.type, payload: body as never, expiresAt, deadlineSeconds });
      await this.tasks.enqueue(
        EXPIRE_COMMAND,
        { commandId: id },
        { runAt: expiresAt, jobKey: `${EXPIRE_COMMAND}:${id}` },
      );
      await this.notifier.notify(COMMAND_TOPIC, hostId);
    });
    return id;
  }

  /** The result an agent gives. The first one counts; later ones, the same or not, change nothing. */
  async complete(hostId: string, id: string, result: CommandResult): Promise<void> {
    await this.database.transaction(async () => {
      const command = await this.database.repository(HostCommand).findOneBy({ id, hostId });
      if (command === null) throw new DomainError('not-found', `There is no command ${id} for this host.`);
      await this.settle(command, result.status, result);
    });
  }

  /** Ends a command the server gives up. Nothing happens when it is already over, or no longer in one of `from`. */
  async giveUp(command: HostCommand, failure: Failure, from = OPEN_COMMAND_STATUSES): Promise<void> {
    await this.settle(command, failure.code === 'expired' ? 'expired' : 'failed', { status: 'failed', failure }, from);
  }

  /** Ends every open command of a host that is gone. */
  async giveUpAll(hostId: string, failure: Failure): Promise<void> {
    await this.database.transaction(async () => {
      const open = await this.database.repository(HostCommand).findBy({ hostId, status: In(OPEN_COMMAND_STATUSES) });
      for (const command of open) await this.giveUp(command, failure);
    });
  }

  /**
   * Lets operations of a type whose work the server does itself be cancelled. `cancel` runs in the transaction, and returns false when
   * it is too late. Register in `onModuleInit`.
   */
  onCancel(type: OperationType, cancel: (operationId: string) => Promise<boolean>): void {
    this.cancellers.set(type, cancel);
  }

  /** Takes back the operation's command. Throws `operation-not-cancellable` when an agent has it, or it is over. */
  async cancel(operationId: string): Promise<void> {
    await this.database.transaction(async () => {
      const operation = await this.operations.find(operationId);
      if (operation.status === 'cancelled') return;
      const commands = await this.database.repository(HostCommand).findBy({ operationId });
      const failure: Failure = { code: 'cancelled', message: 'Cancelled on request before a host picked it up.' };
      const ownWork = this.cancellers.get(operation.type);
      let taken = ownWork === undefined ? commands.length === 0 : !(await ownWork(operationId));
      // A command is cancelled only while pending: the conditional update decides the race with its delivery.
      for (const command of commands) {
        if (!(await this.settle(command, 'cancelled', { status: 'failed', failure }, ['pending']))) taken = true;
      }
      if (!taken) return;
      const { status } = await this.operations.find(operationId);
      throw new DomainError(
        'operation-not-cancellable',
        status === 'pending' || status === 'running'
          ? `A host is already at work on operation ${operationId}, and what it began it finishes: wait for the outcome.`
          : `Operation ${operationId} has already ${status}.`,
      );
    });
  }

  /** False when the command was not in one of `from`: someone else was first. */
  private async settle(
    command: HostCommand,
    to: CommandStatus,
    result: CommandResult,
    from: CommandStatus[] = OPEN_COMMAND_STATUSES,
  ): Promise<boolean> {
    return this.database.transaction(async () => {
      const { affected } = await this.database
        .repository(HostCommand)
        .update({ id: command.id, status: In(from) }, { status: to, result: result, finishedAt: new Date() });
      if (affected === 0) return false;
      const { id, hostId, operationId } = command;
      if (operationId !== null && result.status === 'failed') {
        if (to === 'cancelled') await this.operations.cancel(operationId);
        else await this.operations.fail(operationId, result.failure);
      }
      await this.outcomes.tell({ id, hostId, operationId, body: command.payload, result });
      return true;
    });
  }
}
