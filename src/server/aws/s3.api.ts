import { Injectable } from '@nestjs/common';
import {
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { AwsAccess } from './aws-access.js';
import { callAws } from './aws-call.js';
import { AwsClients } from './aws-clients.js';
import { AwsError } from './aws-error.js';

/** A bucket's four guards against public access; all false: it has none of its own. */
export interface PublicAccessBlock {
  blockPublicAcls: boolean;
  ignorePublicAcls: boolean;
  blockPublicPolicy: boolean;
  restrictPublicBuckets: boolean;
}

@Injectable()
export class S3Api {
  constructor(private readonly clients: AwsClients) {}

  /** Of the bucket; null: there is none of that name. */
  async bucketRegion(access: AwsAccess, bucket: string): Promise<string | null> {
    const client = this.clients.get(S3Client, access);
    const answer = await orNull(['NoSuchBucket'], () =>
      callAws('s3:GetBucketLocation', () => client.send(new GetBucketLocationCommand({ Bucket: bucket }))),
    );
    if (answer === null) return null;
    // The oldest region has no name there, and the second oldest an old one.
    const location = answer.LocationConstraint as string | undefined;
    return location === undefined || location === '' ? 'us-east-1' : location === 'EU' ? 'eu-west-1' : location;
  }

  /** `AES256`, `aws:kms`, `aws:kms:dsse`; null: objects are not encrypted by default. */
  async bucketEncryption(access: AwsAccess, bucket: string): Promise<string | null> {
    const client = this.clients.get(S3Client, access);
    const answer = await orNull(['ServerSideEncryptionConfigurationNotFoundError'], () =>
      callAws('s3:GetEncryptionConfiguration', () => client.send(new GetBucketEncryptionCommand({ Bucket: bucket }))),
    );
    const [rule] = answer?.ServerSideEncryptionConfiguration?.Rules ?? [];
    return rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? null;
  }

  async publicAccessBlock(access: AwsAccess, bucket: string): Promise<PublicAccessBlock> {
    const client = this.clients.get(S3Client, access);
    const answer = await orNull(['NoSuchPublicAccessBlockConfiguration'], () =>
      callAws('s3:GetBucketPublicAccessBlock', () => client.send(new GetPublicAccessBlockCommand({ Bucket: bucket }))),
    );
    const block = answer?.PublicAccessBlockConfiguration;
    return {
      blockPublicAcls: block?.BlockPublicAcls ?? false,
      ignorePublicAcls: block?.IgnorePublicAcls ?? false,
      blockPublicPolicy: block?.BlockPublicPolicy ?? false,
      restrictPublicBuckets: block?.RestrictPublicBuckets ?? false,
    };
  }
}

/** null where AWS says with one of these codes that there is no such thing. */
async function orNull<T>(codes: readonly string[], call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AwsError && codes.includes(error.awsCode ?? '')) return null;
    throw error;
  }
}
