import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SettingsModule } from '../settings/settings.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { AgentConfigService } from './agent-config.service.js';
import { ComputeEnvironment } from './compute-environment.entity.js';
import { ComputeEnvironmentsController } from './compute-environments.controller.js';
import { ComputeEnvironmentsService } from './compute-environments.service.js';
import { EnvironmentFindingsService } from './environment-findings.service.js';
import { EnvironmentHosts } from './environment-hosts.js';

@Module({
  imports: [TypeOrmModule.forFeature([ComputeEnvironment]), SettingsModule, StorageModule],
  controllers: [ComputeEnvironmentsController],
  providers: [ComputeEnvironmentsService, EnvironmentFindingsService, EnvironmentHosts, AgentConfigService],
  exports: [AgentConfigService, ComputeEnvironmentsService, EnvironmentFindingsService],
})
export class ComputeEnvironmentsModule {}
