import { Module } from '@nestjs/common';
import { AwsClients } from './aws-clients.js';
import { Ec2NetworkApi } from './ec2-network.api.js';
import { EfsApi } from './efs.api.js';
import { ElastiCacheApi } from './elasticache.api.js';
import { FsxApi } from './fsx.api.js';
import { MemoryDbApi } from './memorydb.api.js';
import { S3Api } from './s3.api.js';
import { StsApi } from './sts.api.js';

/** One wrapper a service; the only folder that knows the SDK. */
const APIS = [Ec2NetworkApi, EfsApi, ElastiCacheApi, FsxApi, MemoryDbApi, S3Api, StsApi];

@Module({ providers: [AwsClients, ...APIS], exports: APIS })
export class AwsModule {}
