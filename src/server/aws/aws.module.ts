import { Module } from '@nestjs/common';
import { AwsClients } from './aws-clients.js';
import { IamApi } from './iam.api.js';
import { StsApi } from './sts.api.js';

/** One wrapper a service; the only folder that knows the SDK. */
const APIS = [IamApi, StsApi];

@Module({ providers: [AwsClients, ...APIS], exports: APIS })
export class AwsModule {}
