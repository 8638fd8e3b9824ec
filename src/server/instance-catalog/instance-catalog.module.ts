import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AwsModule } from '../aws/aws.module.js';
import { CatalogueStore } from './catalogue-store.js';
import { CompatibilityCheck } from './compatibility-check.js';
import { CompatibilityGroup } from './compatibility-group.entity.js';
import { CompatibilityGroupsController } from './compatibility-groups.controller.js';
import { CompatibilityGroupsService } from './compatibility-groups.service.js';
import { InstanceTypeRow } from './instance-type.entity.js';
import { InstanceTypesController } from './instance-types.controller.js';
import { InstanceTypesRefresh } from './instance-types-refresh.js';
import { InstanceTypesService } from './instance-types.service.js';
import { SnapshotLoader } from './snapshot-loader.js';

@Module({
  imports: [TypeOrmModule.forFeature([InstanceTypeRow, CompatibilityGroup]), AwsModule],
  controllers: [InstanceTypesController, CompatibilityGroupsController],
  providers: [
    CatalogueStore,
    SnapshotLoader,
    InstanceTypesRefresh,
    InstanceTypesService,
    CompatibilityGroupsService,
    CompatibilityCheck,
  ],
  exports: [CompatibilityCheck, CompatibilityGroupsService],
})
export class InstanceCatalogModule {}
