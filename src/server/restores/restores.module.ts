import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CheckpointsModule } from '../checkpoints/checkpoints.module.js';
import { CommandsModule } from '../commands/commands.module.js';
import { HostsModule } from '../hosts/hosts.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { Restore } from './restore.entity.js';
import { RestoreReader } from './restore-reader.js';
import { RestoreReports } from './restore-reports.js';
import { RestoreWork } from './restore-work.js';
import { RestoresController } from './restores.controller.js';
import { RestoresService } from './restores.service.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Restore]),
    OperationsModule,
    CommandsModule,
    HostsModule,
    JobsModule,
    CheckpointsModule,
  ],
  controllers: [RestoresController],
  providers: [RestoreReader, RestoresService, RestoreReports, RestoreWork],
  exports: [RestoreReports],
})
export class RestoresModule {}
