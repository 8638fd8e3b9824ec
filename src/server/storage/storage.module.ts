import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CommandsModule } from '../commands/commands.module.js';
import { OperationsModule } from '../operations/operations.module.js';
import { StorageController } from './storage.controller.js';
import { Storage } from './storage.entity.js';
import { StorageService } from './storage.service.js';
import { StorageUsage } from './storage-usage.js';
import { StorageVerificationHost } from './storage-verification-host.entity.js';
import { StorageVerificationService } from './storage-verification.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Storage, StorageVerificationHost]), OperationsModule, CommandsModule],
  controllers: [StorageController],
  providers: [StorageService, StorageUsage, StorageVerificationService],
  exports: [StorageService],
})
export class StorageModule {}
