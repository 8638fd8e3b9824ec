import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ComputeEnvironmentsModule } from '../compute-environments/compute-environments.module.js';
import { JoinTokenCredentials } from '../auth/credentials.js';
import { JoinToken } from './join-token.entity.js';
import { JoinTokensController } from './join-tokens.controller.js';
import { JoinTokensService } from './join-tokens.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([JoinToken]), ComputeEnvironmentsModule],
  controllers: [JoinTokensController],
  providers: [JoinTokensService, { provide: JoinTokenCredentials, useExisting: JoinTokensService }],
  exports: [JoinTokensService, JoinTokenCredentials],
})
export class JoinTokensModule {}
