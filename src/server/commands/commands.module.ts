import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { OperationsModule } from '../operations/operations.module.js';
import { CommandOutcomes } from './command-outcomes.js';
import { CommandQueue } from './command-queue.js';
import { CommandsService } from './commands.service.js';
import { HostCommand } from './host-command.entity.js';
import { OperationCancellationController } from './operation-cancellation.controller.js';

@Module({
  imports: [TypeOrmModule.forFeature([HostCommand]), OperationsModule],
  controllers: [OperationCancellationController],
  providers: [CommandsService, CommandQueue, CommandOutcomes],
  exports: [CommandsService, CommandQueue, CommandOutcomes],
})
export class CommandsModule {}
