import { Injectable } from '@nestjs/common';
import type { CommandBody, CommandResult, CommandType } from '../../protocol/agent-api.js';

/** A command that is over: done, failed on the host, never picked up, or cancelled (the last three with a failure). */
export interface SettledCommand<T extends CommandType = CommandType> {
  id: string;
  hostId: string;
  operationId: string | null;
  body: Extract<CommandBody, { type: T }>;
  result: CommandResult;
}

/**
 * Called in the transaction that settles the command: throwing undoes that. Once for each command, and a second time, with
 * a failure, when it succeeded but its operation was still open at the deadline.
 */
export type OutcomeHandler<T extends CommandType> = (command: SettledCommand<T>) => Promise<void>;

/**
 * Who learns how a command ended. A feature registers in `onModuleInit`; it finishes the command's operation itself when
 * the result succeeded. Failed ones have failed their operation already when the handler is called.
 */
@Injectable()
export class CommandOutcomes {
  private readonly handlers = new Map<CommandType, OutcomeHandler<never>>();

  on<T extends CommandType>(type: T, handler: OutcomeHandler<T>): void {
    if (this.handlers.has(type)) throw new Error(`two features handle the outcome of ${type} commands`);
    this.handlers.set(type, handler as unknown as OutcomeHandler<never>);
  }

  async tell(command: SettledCommand): Promise<void> {
    await this.handlers.get(command.body.type)?.(command as never);
  }
}
