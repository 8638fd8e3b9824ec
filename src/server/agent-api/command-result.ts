import type { CommandResult } from '../../protocol/agent-api.js';
import { invalidField } from '../common/domain-error.js';
import type { CommandResultDto } from './dto/command.dto.js';

/** Throws `validation-failed` when a failed result says not why. */
export function toCommandResult({ status, output = {}, failure }: CommandResultDto): CommandResult {
  if (status === 'succeeded') return { status, output };
  if (failure === undefined)
    throw invalidField('/failure', 'failure is required when the status is failed.', 'required');
  return { status, failure };
}
