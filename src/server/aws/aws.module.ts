import { Module } from '@nestjs/common';
import { AwsClients } from './aws-clients.js';
import { ServiceQuotasApi } from './service-quotas.api.js';
import { StsApi } from './sts.api.js';

/** One wrapper a service; the only folder that knows the SDK. */
const APIS = [ServiceQuotasApi, StsApi];

@Module({ providers: [AwsClients, ...APIS], exports: APIS })
export class AwsModule {}
