import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { mergePolicy, type Policy } from '../../../protocol/policy.js';
import { exampleId } from '../../common/fields.js';
import { LabelsProperty } from '../../common/labels.js';
import { PolicyDto, PolicyOverrideDto } from '../../settings/dto/policy.dto.js';
import type { ComputeEnvironment } from '../compute-environment.entity.js';
import { AwsEnvironmentDto, toAwsEnvironmentDto } from './aws-environment.dto.js';

@ApiSchema({ name: 'JobSync', description: "The state of what AWS Batch tells of an environment's jobs." })
export class JobSyncDto {
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When all that was due was last asked with success.',
    example: '2026-01-31T12:00:00.000Z',
  })
  at: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why AWS Batch, or the events queue, could not be read lately.',
    example: null,
  })
  failure: string | null;
}

@ApiSchema({
  name: 'ComputeEnvironment',
  description: 'An AWS Batch compute environment registered here, with its storage and policy.',
})
export class ComputeEnvironmentDto {
  static readonly example: ComputeEnvironmentDto = {
    id: exampleId('computeEnvironment'),
    version: 1,
    name: 'spot-m6i',
    storageId: exampleId('storage'),
    instanceTypes: ['m6i.xlarge', 'm6i.2xlarge'],
    policy: { interval: '5m' },
    effectivePolicy: { ...PolicyDto.example, interval: '5m' },
    labels: { team: 'genomics' },
    region: 'us-east-1',
    roleArn: null,
    externalId: null,
    arn: 'arn:aws:batch:us-east-1:123456789012:compute-environment/spot-m6i',
    aws: AwsEnvironmentDto.example,
    syncedAt: '2026-01-31T12:00:00.000Z',
    syncFailure: null,
    eventsQueueUrl: null,
    jobSync: null,
    createdAt: '2026-01-31T12:00:00.000Z',
    updatedAt: '2026-01-31T12:00:00.000Z',
  };

  @ApiProperty({ example: exampleId('computeEnvironment') })
  id: string;

  @ApiProperty({ type: 'integer', description: 'Rises with each change; the ETag.', example: 1 })
  version: number;

  @ApiProperty({ description: "AWS Batch's name of it.", example: 'spot-m6i' })
  name: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Where its checkpoints go; null: nowhere, so nothing is protected.',
    example: exampleId('storage'),
  })
  storageId: string | null;

  @ApiProperty({
    type: [String],
    description: 'Types and families it may use: from AWS Batch where it has a region, else as they were given here.',
    example: ['m6i.xlarge', 'm6i.2xlarge'],
  })
  instanceTypes: string[];

  @ApiProperty({ type: PolicyOverrideDto, description: 'What differs here from the system policy.' })
  policy: PolicyOverrideDto;

  @ApiProperty({
    type: PolicyDto,
    description: 'The policy in force: the system policy with `policy` over it. Jobs may say otherwise for themselves.',
  })
  effectivePolicy: PolicyDto;

  @LabelsProperty()
  labels: Record<string, string>;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Where AWS Batch has it; null: known by its name only, and AWS is never asked.',
    example: 'us-east-1',
  })
  region: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: "The role the server assumes to ask AWS; null: the server's own credentials.",
    example: null,
  })
  roleArn: string | null;

  @ApiProperty({ type: String, nullable: true, description: "What that role's trust policy asks for.", example: null })
  externalId: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'arn:aws:batch:us-east-1:123456789012:compute-environment/spot-m6i',
  })
  arn: string | null;

  @ApiProperty({
    type: AwsEnvironmentDto,
    nullable: true,
    description: 'What AWS said of it at `syncedAt`; null where AWS is not asked.',
  })
  aws: AwsEnvironmentDto | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When AWS was last read; does not change the ETag by itself.',
    example: '2026-01-31T12:00:00.000Z',
  })
  syncedAt: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why the last try to read AWS failed; `aws` is then what was known at `syncedAt`. null: it did not.',
    example: null,
  })
  syncFailure: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: "SQS queue that gets AWS's events of jobs and instances; null: AWS Batch is only asked now and then.",
    example: 'https://sqs.us-east-1.amazonaws.com/123456789012/batchpoint-events',
  })
  eventsQueueUrl: string | null;

  @ApiProperty({
    type: JobSyncDto,
    nullable: true,
    description: 'How well its jobs are known from AWS Batch; null: AWS Batch is not asked, or was not yet.',
  })
  jobSync: JobSyncDto | null;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  createdAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  updatedAt: string;
}

export function toComputeEnvironmentDto(row: ComputeEnvironment, system: Policy): ComputeEnvironmentDto {
  const { id, version, name, storageId, instanceTypes, policy, labels } = row;
  return {
    id,
    version,
    name,
    storageId,
    instanceTypes,
    policy,
    effectivePolicy: mergePolicy(system, policy),
    labels,
    region: row.region,
    roleArn: row.roleArn,
    externalId: row.externalId,
    arn: row.aws?.arn ?? null,
    aws: row.aws && toAwsEnvironmentDto(row.aws),
    syncedAt: row.syncedAt?.toISOString() ?? null,
    syncFailure: row.syncFailure,
    eventsQueueUrl: row.eventsQueueUrl,
    jobSync: jobSyncOf(row),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

function jobSyncOf({ jobSyncedAt, jobSyncFailure, eventsFailure }: ComputeEnvironment): JobSyncDto | null {
  const failure = jobSyncFailure ?? eventsFailure;
  if (jobSyncedAt === null && failure === null) return null;
  return { at: jobSyncedAt?.toISOString() ?? null, failure };
}
