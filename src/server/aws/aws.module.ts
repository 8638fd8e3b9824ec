import { Module } from '@nestjs/common';
import { AwsClients } from './aws-clients.js';
import { BatchJobsApi } from './batch-jobs.api.js';
import { BatchApi } from './batch.api.js';
import { Ec2NetworkApi } from './ec2-network.api.js';
import { Ec2Api } from './ec2.api.js';
import { EfsApi } from './efs.api.js';
import { ElastiCacheApi } from './elasticache.api.js';
import { FsxApi } from './fsx.api.js';
import { IamApi } from './iam.api.js';
import { MemoryDbApi } from './memorydb.api.js';
import { S3Api } from './s3.api.js';
import { ServiceQuotasApi } from './service-quotas.api.js';
import { SqsApi } from './sqs.api.js';
import { StsApi } from './sts.api.js';

/** One wrapper a service; the only folder that knows the SDK. */
const APIS = [
  BatchApi,
  BatchJobsApi,
  Ec2NetworkApi,
  Ec2Api,
  EfsApi,
  ElastiCacheApi,
  FsxApi,
  IamApi,
  MemoryDbApi,
  S3Api,
  ServiceQuotasApi,
  SqsApi,
  StsApi,
];

@Module({ providers: [AwsClients, ...APIS], exports: APIS })
export class AwsModule {}
