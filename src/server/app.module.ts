import { type DynamicModule, Global, Module } from '@nestjs/common';
import { AgentApiModule } from './agent-api/agent-api.module.js';
import { ApiTokensModule } from './api-tokens/api-tokens.module.js';
import { AuthModule } from './auth/auth.module.js';
import { BackgroundModule } from './background/background.module.js';
import { BatchSyncModule } from './batch-sync/batch-sync.module.js';
import { CheckpointsModule } from './checkpoints/checkpoints.module.js';
import { CommandsModule } from './commands/commands.module.js';
import { CommonModule } from './common/common.module.js';
import { ComputeEnvironmentsModule } from './compute-environments/compute-environments.module.js';
import { ServerConfig } from './config/server-config.js';
import { DatabaseModule } from './database/database.module.js';
import { DeploymentModule } from './deployment/deployment.module.js';
import { HealthModule } from './health/health.module.js';
import { HostsModule } from './hosts/hosts.module.js';
import { InstanceCatalogModule } from './instance-catalog/instance-catalog.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { JoinTokensModule } from './join-tokens/join-tokens.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { OperationsModule } from './operations/operations.module.js';
import { PreflightModule } from './preflight/preflight.module.js';
import { RestoresModule } from './restores/restores.module.js';
import { SettingsModule } from './settings/settings.module.js';
import { StorageModule } from './storage/storage.module.js';

/** Feature modules, in the order their tags have in the document. */
const FEATURES = [
  StorageModule,
  ComputeEnvironmentsModule,
  PreflightModule,
  HostsModule,
  JobsModule,
  CheckpointsModule,
  RestoresModule,
  InstanceCatalogModule,
  OperationsModule,
  CommandsModule,
  SettingsModule,
  JoinTokensModule,
  ApiTokensModule,
  DeploymentModule,
  HealthModule,
  MetricsModule,
  AgentApiModule,
  BatchSyncModule,
];

@Global()
@Module({})
export class AppModule {
  static forConfig(config: ServerConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [DatabaseModule, BackgroundModule, CommonModule, AuthModule, ...FEATURES],
      providers: [{ provide: ServerConfig, useValue: config }],
      exports: [ServerConfig],
    };
  }
}
