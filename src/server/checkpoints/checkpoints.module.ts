import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CommandsModule } from '../commands/commands.module.js';
import { ComputeEnvironmentsModule } from '../compute-environments/compute-environments.module.js';
import { HostsModule } from '../hosts/hosts.module.js';
import { InstanceCatalogModule } from '../instance-catalog/instance-catalog.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { Checkpoint } from './checkpoint.entity.js';
import { CheckpointReader } from './checkpoint-reader.js';
import { CheckpointReports } from './checkpoint-reports.js';
import { CheckpointWork } from './checkpoint-work.js';
import { CheckpointsController } from './checkpoints.controller.js';
import { CheckpointsService } from './checkpoints.service.js';
import { JobCheckpointsController } from './job-checkpoints.controller.js';
import { RestoreTargets } from './restore-targets.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Checkpoint]),
    OperationsModule,
    CommandsModule,
    HostsModule,
    JobsModule,
    ComputeEnvironmentsModule,
    InstanceCatalogModule,
  ],
  controllers: [JobCheckpointsController, CheckpointsController],
  providers: [CheckpointReader, CheckpointsService, CheckpointReports, CheckpointWork, RestoreTargets],
  exports: [CheckpointReader, CheckpointReports],
})
export class CheckpointsModule {}
