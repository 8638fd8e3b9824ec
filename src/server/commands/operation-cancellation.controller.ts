import { Param } from '@nestjs/common';
import { ApiResource, Place } from '../common/api.decorators.js';
import { OperationDto } from '../operations/dto/operation.dto.js';
import { OperationsService } from '../operations/operations.service.js';
import { CommandsService } from './commands.service.js';

@ApiResource('operations', 'Operations')
export class OperationCancellationController {
  constructor(
    private readonly commands: CommandsService,
    private readonly operations: OperationsService,
  ) {}

  @Place({
    id: 'cancelOperation',
    summary: 'Cancel an operation',
    description:
      'Possible until a host picks the work up, which takes it a fraction of a second when it is online; a preflight can be cancelled until it is over. Repeating it is harmless.',
    path: ':id/cancellation',
    role: 'operator',
    type: OperationDto,
    errors: ['operation-not-cancellable'],
  })
  async cancel(@Param('id') id: string): Promise<OperationDto> {
    await this.commands.cancel(id);
    return this.operations.find(id);
  }
}
