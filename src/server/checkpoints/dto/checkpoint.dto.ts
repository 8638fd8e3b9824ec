import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { CheckpointImage } from '../../../protocol/agent-api.js';
import {
  CHECKPOINT_STATUSES,
  CHECKPOINT_TRIGGERS,
  type CheckpointStatus,
  type CheckpointTrigger,
} from '../../../protocol/checkpoint-state.js';
import { FailureDto, toNullableFailureDto } from '../../common/failure.dto.js';
import { exampleId } from '../../common/fields.js';
import { type Labels, LabelsProperty } from '../../common/labels.js';
import type { Checkpoint } from '../checkpoint.entity.js';
import { CheckpointImageDto } from './checkpoint-image.dto.js';

@ApiSchema({
  name: 'CheckpointVerification',
  description: 'The last time the whole image was read back and compared with its digests.',
})
export class CheckpointVerificationDto {
  @ApiProperty({ format: 'date-time', example: '2026-01-31T11:50:00.000Z' })
  verifiedAt: string;

  @ApiProperty({ type: FailureDto, nullable: true, description: 'What is wrong with the image; null: nothing.' })
  failure: FailureDto | null;
}

@ApiSchema({ name: 'Checkpoint', description: "One image of a job's container. Only a committed one can restore." })
export class CheckpointDto {
  static readonly example: CheckpointDto = {
    id: exampleId('checkpoint'),
    version: 3,
    jobId: exampleId('job'),
    hostId: exampleId('host'),
    containerId: '4f1c0a7d5f0e',
    operationId: exampleId('operation'),
    trigger: 'manual',
    status: 'committed',
    step: null,
    failure: null,
    pinned: false,
    labels: {},
    storageId: exampleId('storage'),
    image: CheckpointImageDto.example,
    verification: null,
    createdAt: '2026-01-31T11:44:58.000Z',
    updatedAt: '2026-01-31T11:45:00.000Z',
    startedAt: '2026-01-31T11:44:58.100Z',
    finishedAt: '2026-01-31T11:45:00.000Z',
    deletedAt: null,
  };

  @ApiProperty({ example: exampleId('checkpoint') })
  id: string;

  @ApiProperty({ type: 'integer', description: 'Rises with every change; the ETag.', example: 3 })
  version: number;

  @ApiProperty({ description: 'The `id` of the job.', example: exampleId('job') })
  jobId: string;

  @ApiProperty({ description: 'Where it was taken.', example: exampleId('host') })
  hostId: string;

  @ApiProperty({ type: String, nullable: true, example: '4f1c0a7d5f0e' })
  containerId: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The request it came from; null for those the agent takes of itself.',
    example: exampleId('operation'),
  })
  operationId: string | null;

  @ApiProperty({ enum: [...CHECKPOINT_TRIGGERS], enumName: 'CheckpointTrigger', example: 'manual' })
  trigger: CheckpointTrigger;

  @ApiProperty({ enum: [...CHECKPOINT_STATUSES], enumName: 'CheckpointStatus', example: 'committed' })
  status: CheckpointStatus;

  @ApiProperty({ type: String, nullable: true, description: 'While running: what the agent is at.', example: null })
  step: string | null;

  @ApiProperty({ type: FailureDto, nullable: true })
  failure: FailureDto | null;

  @ApiProperty({ description: 'Kept when newer ones would push it out, and when the job ends.', example: false })
  pinned: boolean;

  @LabelsProperty()
  labels: Labels;

  @ApiProperty({ type: String, nullable: true, example: exampleId('storage') })
  storageId: string | null;

  @ApiProperty({ type: CheckpointImageDto, nullable: true, description: 'From its commit on.' })
  image: CheckpointImageDto | null;

  @ApiProperty({ type: CheckpointVerificationDto, nullable: true, description: 'null until it was verified.' })
  verification: CheckpointVerificationDto | null;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T11:44:58.000Z' })
  createdAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T11:45:00.000Z' })
  updatedAt: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-01-31T11:44:58.100Z' })
  startedAt: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When it was committed, or failed.',
    example: '2026-01-31T11:45:00.000Z',
  })
  finishedAt: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  deletedAt: string | null;
}

export function toCheckpointDto(row: Checkpoint): CheckpointDto {
  return {
    id: row.id,
    version: row.version,
    jobId: row.jobId,
    hostId: row.hostId,
    containerId: row.containerId,
    operationId: row.operationId,
    trigger: row.trigger,
    status: row.status,
    step: row.step,
    failure: toNullableFailureDto(row.failure),
    pinned: row.pinned,
    labels: row.labels,
    storageId: row.storageId,
    image: row.image === null ? null : toImageDto(row.image),
    verification:
      row.verifiedAt === null
        ? null
        : { verifiedAt: row.verifiedAt.toISOString(), failure: toNullableFailureDto(row.verificationFailure) },
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    deletedAt: row.deletedAt?.toISOString() ?? null,
  };
}

function toImageDto({ storageId: _, cpuFlags: __, ...image }: CheckpointImage): CheckpointImageDto {
  return image;
}
