import type { Command, CommandOutput, CommandType } from '../../protocol/agent-api.js';

export type CommandOf<T extends CommandType> = Extract<Command, { type: T }>;

/** Carries out one type of command. */
export interface CommandHandler<T extends CommandType> {
  readonly type: T;
  /** Resolves with the output of success; throws (a `FailureError` where the cause is known) on failure. */
  handle(command: CommandOf<T>): Promise<CommandOutput>;
  /** In place of `handle` for a command that this agent had begun when it was stopped or killed: finds out, or does it again. */
  resume(command: CommandOf<T>): Promise<CommandOutput>;
}

export type AnyCommandHandler = { [T in CommandType]: CommandHandler<T> }[CommandType];
