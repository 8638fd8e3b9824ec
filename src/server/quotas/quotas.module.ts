import { Module } from '@nestjs/common';
import { AwsModule } from '../aws/aws.module.js';
import { QuotaCheck } from './quota-check.js';

@Module({ imports: [AwsModule], providers: [QuotaCheck], exports: [QuotaCheck] })
export class QuotasModule {}
