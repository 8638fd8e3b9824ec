import { Module, type Provider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AwsModule } from '../aws/aws.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { SettingsModule } from '../settings/settings.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { AgentConfigService } from './agent-config.service.js';
import { InstanceCatalogModule } from '../instance-catalog/instance-catalog.module.js';
import { QuotasModule } from '../quotas/quotas.module.js';
import { AwsFactsCheck } from './checks/aws-facts.check.js';
import { GpuCheck } from './checks/gpu.check.js';
import { RetryStrategyCheck } from './checks/retry-strategy.check.js';
import { RootVolumeCheck } from './checks/root-volume.check.js';
import { InstanceTypesCheck } from './checks/instance-types.check.js';
import { StorageReachCheck } from './checks/storage-reach.check.js';
import { SpotQuotaCheck } from './checks/spot-quota.check.js';
import { ComputeEnvironment } from './compute-environment.entity.js';
import { ComputeEnvironmentsController } from './compute-environments.controller.js';
import { ComputeEnvironmentsService } from './compute-environments.service.js';
import { ENVIRONMENT_CHECKS, type EnvironmentCheck } from './environment-check.js';
import { EnvironmentFindingsService } from './environment-findings.service.js';
import { EnvironmentHosts } from './environment-hosts.js';
import { EnvironmentLinks } from './environment-link.js';
import { EnvironmentReader } from './environment-reader.js';
import { EnvironmentRegistrationService } from './environment-registration.service.js';
import { EnvironmentSyncService } from './environment-sync.service.js';
import { EnvironmentSyncTasks } from './environment-sync.tasks.js';
import { LinkedEnvironments } from './linked-environments.js';

/** Providers of this module and of the modules it imports, in the order of their findings. */
const CHECKS = [
  InstanceTypesCheck,
  AwsFactsCheck,
  StorageReachCheck,
  RetryStrategyCheck,
  RootVolumeCheck,
  GpuCheck,
  SpotQuotaCheck,
];

const CHECK_LIST: Provider = {
  provide: ENVIRONMENT_CHECKS,
  inject: CHECKS,
  useFactory: (...checks: EnvironmentCheck[]) => checks,
};

@Module({
  imports: [
    TypeOrmModule.forFeature([ComputeEnvironment]),
    AwsModule,
    InstanceCatalogModule,
    OperationsModule,
    QuotasModule,
    SettingsModule,
    StorageModule,
  ],
  controllers: [ComputeEnvironmentsController],
  providers: [
    ComputeEnvironmentsService,
    EnvironmentFindingsService,
    EnvironmentHosts,
    EnvironmentLinks,
    EnvironmentReader,
    EnvironmentRegistrationService,
    EnvironmentSyncService,
    EnvironmentSyncTasks,
    LinkedEnvironments,
    AgentConfigService,
    ...CHECKS,
    CHECK_LIST,
  ],
  exports: [AgentConfigService, ComputeEnvironmentsService, EnvironmentFindingsService, LinkedEnvironments],
})
export class ComputeEnvironmentsModule {}
