import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentCredentials } from '../auth/credentials.js';
import { CommandsModule } from '../commands/commands.module.js';
import { SettingsModule } from '../settings/settings.module.js';
import { HostLiveness } from './host-liveness.js';
import { HostSessionsService } from './host-sessions.service.js';
import { Host } from './host.entity.js';
import { HostsController } from './hosts.controller.js';
import { HostsService } from './hosts.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Host]), CommandsModule, SettingsModule],
  controllers: [HostsController],
  providers: [
    HostsService,
    HostSessionsService,
    HostLiveness,
    { provide: AgentCredentials, useExisting: HostSessionsService },
  ],
  exports: [HostsService, HostSessionsService, HostLiveness, AgentCredentials],
})
export class HostsModule {}
