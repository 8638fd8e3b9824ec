import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CheckpointsModule } from '../checkpoints/checkpoints.module.js';
import { CommandsModule } from '../commands/commands.module.js';
import { ComputeEnvironmentsModule } from '../compute-environments/compute-environments.module.js';
import { HostsModule } from '../hosts/hosts.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { JoinTokensModule } from '../join-tokens/join-tokens.module.js';
import { RestoresModule } from '../restores/restores.module.js';
import { SettingsModule } from '../settings/settings.module.js';
import { AgentController } from './agent.controller.js';
import { AgentReport } from './agent-report.entity.js';
import { AgentSessionsService } from './agent-sessions.service.js';
import { ReportsService } from './reports.service.js';
import { Retention } from './retention.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([AgentReport]),
    JoinTokensModule,
    SettingsModule,
    ComputeEnvironmentsModule,
    CommandsModule,
    HostsModule,
    JobsModule,
    CheckpointsModule,
    RestoresModule,
  ],
  controllers: [AgentController],
  providers: [AgentSessionsService, ReportsService, Retention],
})
export class AgentApiModule {}
