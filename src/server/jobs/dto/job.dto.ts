import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { FailureDto, toNullableFailureDto } from '../../common/failure.dto.js';
import { exampleId } from '../../common/fields.js';
import { PolicyDto } from '../../settings/dto/policy.dto.js';
import { currentAttempt } from '../attempt-merge.js';
import { type Job, JOB_STATUSES, type JobStatus } from '../job.entity.js';
import type { JobAttempt } from '../job-attempt.entity.js';
import { JobAttemptDto, toJobAttemptDto } from './job-attempt.dto.js';

@ApiSchema({ name: 'JobContainer', description: "One of several containers of a job's task." })
export class JobContainerDto {
  @ApiProperty({ example: 'align' })
  name: string;

  @ApiProperty({ type: String, nullable: true, example: 'registry.example.com/align:3' })
  image: string | null;
}

@ApiSchema({
  name: 'Job',
  description: 'An AWS Batch job over all its attempts. Fields of a container are those of the newest attempt.',
})
export class JobDto {
  static readonly example: JobDto = {
    id: exampleId('job'),
    version: 4,
    jobId: '0f3c6a86-6a0f-4f0c-9a49-6a5f5f0b6f0e',
    jobName: 'align',
    jobQueue: 'spot',
    jobDefinition: 'align:3',
    computeEnvironment: 'spot-m7i',
    status: 'RUNNING',
    statusReason: null,
    hostId: exampleId('host'),
    containerId: '4f1c0a7d5f0e',
    containerName: 'ecs-align-3-default-9ed8a7',
    image: 'registry.example.com/align:3',
    command: ['align', '--threads', '4'],
    vcpus: 4,
    memoryBytes: 8_589_934_592,
    containers: null,
    arrayParentId: null,
    arrayIndex: null,
    arraySize: null,
    nodeCount: null,
    attempt: 1,
    maxAttempts: 5,
    exitCode: null,
    submittedAt: '2026-01-31T11:20:00.000Z',
    startedAt: '2026-01-31T11:30:00.000Z',
    stoppedAt: null,
    protected: true,
    unprotectedReason: null,
    policy: PolicyDto.example,
    lastKnownAt: '2026-01-31T12:00:00.000Z',
    peakResidentBytes: 2_147_483_648,
    peakWritableLayerBytes: 1_048_576,
    peakImageBytes: 2_149_580_800,
    attempts: [
      {
        attempt: 1,
        containerId: '4f1c0a7d5f0e',
        hostId: exampleId('host'),
        status: 'running',
        imageBytes: 3_221_225_472,
        exitCode: null,
        startedAt: '2026-01-31T11:30:00.000Z',
        stoppedAt: null,
      },
    ],
    createdAt: '2026-01-31T11:30:01.000Z',
    updatedAt: '2026-01-31T11:45:00.000Z',
  };

  @ApiProperty({ example: exampleId('job') })
  id: string;

  @ApiProperty({ type: 'integer', description: 'Rises with every change but of `lastKnownAt`; the ETag.', example: 4 })
  version: number;

  @ApiProperty({ description: "AWS Batch's id.", example: '0f3c6a86-6a0f-4f0c-9a49-6a5f5f0b6f0e' })
  jobId: string;

  @ApiProperty({ type: String, nullable: true, example: 'align' })
  jobName: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'spot' })
  jobQueue: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'With its revision.', example: 'align:3' })
  jobDefinition: string | null;

  @ApiProperty({ type: String, nullable: true, description: "AWS Batch's name of it.", example: 'spot-m7i' })
  computeEnvironment: string | null;

  @ApiProperty({
    enum: [...JOB_STATUSES],
    enumName: 'JobStatus',
    description: 'As AWS Batch spells it, from what the hosts reported.',
    example: 'RUNNING',
  })
  status: JobStatus;

  @ApiProperty({ type: String, nullable: true, example: null })
  statusReason: string | null;

  @ApiProperty({ type: String, nullable: true, example: exampleId('host') })
  hostId: string | null;

  @ApiProperty({ type: String, nullable: true, example: '4f1c0a7d5f0e' })
  containerId: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'ecs-align-3-default-9ed8a7' })
  containerName: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'registry.example.com/align:3' })
  image: string | null;

  @ApiProperty({ type: [String], nullable: true, example: ['align', '--threads', '4'] })
  command: string[] | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Asked for, all containers together.', example: 4 })
  vcpus: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Asked for, all containers together.',
    example: 8_589_934_592,
  })
  memoryBytes: number | null;

  @ApiProperty({
    type: [JobContainerDto],
    nullable: true,
    description: "Of the job's task, where it has several: such a job is not protected.",
    example: null,
  })
  containers: JobContainerDto[] | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: "Of an array's child: AWS Batch's id of the array.",
    example: null,
  })
  arrayParentId: string | null;

  @ApiProperty({ type: 'integer', nullable: true, description: "Of an array's child, from 0.", example: null })
  arrayIndex: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: "Of an array's parent: its children.", example: null })
  arraySize: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Of a multi-node parallel job, which is not protected.',
    example: null,
  })
  nodeCount: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: "AWS Batch's number of the attempt, from 1.",
    example: 1,
  })
  attempt: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'That its retry strategy allows.', example: 5 })
  maxAttempts: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: null })
  exitCode: number | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When AWS Batch took it in.',
    example: '2026-01-31T11:20:00.000Z',
  })
  submittedAt: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-01-31T11:30:00.000Z' })
  startedAt: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  stoppedAt: string | null;

  @ApiProperty({ description: 'Can be checkpointed. When not, `unprotectedReason` says why.', example: true })
  protected: boolean;

  @ApiProperty({ type: FailureDto, nullable: true })
  unprotectedReason: FailureDto | null;

  @ApiProperty({ type: PolicyDto, nullable: true, description: "The policy in force, after the job's own variables." })
  policy: PolicyDto | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Until when the rest is known to be true: stands still while the host is silent.',
    example: '2026-01-31T12:00:00.000Z',
  })
  lastKnownAt: string | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Most memory an image of it held.',
    example: 2_147_483_648,
  })
  peakResidentBytes: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Largest writable layer in an image of it.',
    example: 1_048_576,
  })
  peakWritableLayerBytes: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Size of its largest image.', example: 2_149_580_800 })
  peakImageBytes: number | null;

  @ApiProperty({ type: [JobAttemptDto], description: 'Oldest first.' })
  attempts: JobAttemptDto[];

  @ApiProperty({
    format: 'date-time',
    description: 'When it was first heard of here.',
    example: '2026-01-31T11:30:01.000Z',
  })
  createdAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T11:45:00.000Z' })
  updatedAt: string;
}

export function toJobDto(row: Job, attempts: readonly JobAttempt[]): JobDto {
  const current = currentAttempt(attempts);
  return {
    id: row.id,
    version: row.version,
    jobId: row.jobId,
    jobName: row.jobName,
    jobQueue: row.jobQueue,
    jobDefinition: row.jobDefinition,
    computeEnvironment: row.computeEnvironment,
    status: row.status,
    statusReason: row.statusReason,
    hostId: row.hostId,
    containerId: row.containerId,
    containerName: row.containerName,
    image: row.image,
    command: row.command,
    vcpus: row.vcpus,
    memoryBytes: row.memoryBytes,
    containers: row.containers,
    arrayParentId: row.arrayParentId,
    arrayIndex: row.arrayIndex,
    arraySize: row.arraySize,
    nodeCount: row.nodeCount,
    attempt: row.attempt,
    maxAttempts: row.maxAttempts,
    exitCode: row.exitCode,
    submittedAt: row.submittedAt?.toISOString() ?? null,
    startedAt: row.startedAt?.toISOString() ?? null,
    stoppedAt: row.stoppedAt?.toISOString() ?? null,
    protected: row.protected,
    unprotectedReason: toNullableFailureDto(row.unprotectedReason),
    policy: row.policy,
    lastKnownAt: row.lastKnownAt?.toISOString() ?? null,
    peakResidentBytes: row.peakResidentBytes,
    peakWritableLayerBytes: row.peakWritableLayerBytes,
    peakImageBytes: row.peakImageBytes,
    attempts: attempts
      .toSorted((a, b) => a.firstReportedAt.getTime() - b.firstReportedAt.getTime())
      .map((attempt) => toJobAttemptDto(attempt, attempt === current)),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
