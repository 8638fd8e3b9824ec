import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AwsModule } from '../aws/aws.module.js';
import { CommandsModule } from '../commands/commands.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { EfsCheck } from './checks/efs.check.js';
import { FsxLustreCheck } from './checks/fsx-lustre.check.js';
import { JuicefsCheck } from './checks/juicefs.check.js';
import { NetworkPaths } from './checks/network-paths.js';
import { StorageChecks } from './storage-checks.js';
import { StorageFindingsService } from './storage-findings.service.js';
import { StorageHosts } from './storage-hosts.js';
import { StorageReachability } from './storage-reachability.js';
import { StorageSecrets } from './storage-secrets.js';
import { StorageController } from './storage.controller.js';
import { Storage } from './storage.entity.js';
import { StorageService } from './storage.service.js';
import { StorageUsage } from './storage-usage.js';
import { StorageVerificationHost } from './storage-verification-host.entity.js';
import { StorageVerificationService } from './storage-verification.service.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Storage, StorageVerificationHost]),
    OperationsModule,
    CommandsModule,
    SecretsModule,
    AwsModule,
  ],
  controllers: [StorageController],
  providers: [
    StorageService,
    StorageUsage,
    StorageVerificationService,
    StorageFindingsService,
    StorageReachability,
    StorageHosts,
    StorageSecrets,
    StorageChecks,
    EfsCheck,
    FsxLustreCheck,
    JuicefsCheck,
    NetworkPaths,
  ],
  exports: [StorageService, StorageReachability],
})
export class StorageModule {}
