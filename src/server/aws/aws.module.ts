import { Module } from '@nestjs/common';
import { AwsClients } from './aws-clients.js';
import { BatchApi } from './batch.api.js';
import { Ec2Api } from './ec2.api.js';
import { ServiceQuotasApi } from './service-quotas.api.js';
import { StsApi } from './sts.api.js';

/** One wrapper a service; the only folder that knows the SDK. */
const APIS = [BatchApi, Ec2Api, ServiceQuotasApi, StsApi];

@Module({ providers: [AwsClients, ...APIS], exports: APIS })
export class AwsModule {}
