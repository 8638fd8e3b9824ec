import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ApiTokenCredentials } from '../auth/credentials.js';
import { StoredApiTokens } from './api-token-credentials.js';
import { ApiToken } from './api-token.entity.js';
import { ApiTokensController } from './api-tokens.controller.js';
import { ApiTokensService } from './api-tokens.service.js';
import { FirstAdminToken } from './first-admin-token.js';

@Module({
  imports: [TypeOrmModule.forFeature([ApiToken])],
  controllers: [ApiTokensController],
  providers: [ApiTokensService, FirstAdminToken, { provide: ApiTokenCredentials, useClass: StoredApiTokens }],
  exports: [ApiTokenCredentials],
})
export class ApiTokensModule {}
