import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { RESTORE_STATUSES, type RestoreStatus } from '../../../protocol/checkpoint-state.js';
import { FailureDto, toNullableFailureDto } from '../../common/failure.dto.js';
import { exampleId } from '../../common/fields.js';
import { type Restore, RESTORE_TRIGGERS, type RestoreTrigger } from '../restore.entity.js';

@ApiSchema({ name: 'Restore', description: 'One try to continue a job from a checkpoint.' })
export class RestoreDto {
  static readonly example: RestoreDto = {
    id: exampleId('restore'),
    version: 3,
    jobId: exampleId('job'),
    checkpointId: exampleId('checkpoint'),
    hostId: exampleId('host'),
    containerId: '9a3f5c2b7e10',
    operationId: null,
    trigger: 'automatic',
    status: 'succeeded',
    step: null,
    failure: null,
    restoreSeconds: 1.6,
    verifySeconds: 0.9,
    createdAt: '2026-01-31T12:10:00.000Z',
    updatedAt: '2026-01-31T12:10:03.000Z',
    startedAt: '2026-01-31T12:10:00.000Z',
    finishedAt: '2026-01-31T12:10:02.500Z',
  };

  @ApiProperty({ example: exampleId('restore') })
  id: string;

  @ApiProperty({ type: 'integer', description: 'Rises with every change; the ETag.', example: 3 })
  version: number;

  @ApiProperty({ description: 'The `id` of the job.', example: exampleId('job') })
  jobId: string;

  @ApiProperty({
    description: 'It may be one the server never heard of: taken by a host that was lost before it could report.',
    example: exampleId('checkpoint'),
  })
  checkpointId: string;

  @ApiProperty({ description: 'Where it was continued.', example: exampleId('host') })
  hostId: string;

  @ApiProperty({ type: String, nullable: true, example: '9a3f5c2b7e10' })
  containerId: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The request it came from; null for an automatic one.',
    example: null,
  })
  operationId: string | null;

  @ApiProperty({
    enum: [...RESTORE_TRIGGERS],
    enumName: 'RestoreTrigger',
    description:
      "`automatic`: the runtime found an image when the job's container was created. `manual`: asked for here.",
    example: 'automatic',
  })
  trigger: RestoreTrigger;

  @ApiProperty({ enum: [...RESTORE_STATUSES], enumName: 'RestoreStatus', example: 'succeeded' })
  status: RestoreStatus;

  @ApiProperty({ type: String, nullable: true, description: 'While running: what the host is at.', example: null })
  step: string | null;

  @ApiProperty({ type: FailureDto, nullable: true })
  failure: FailureDto | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'From the start of the restore until the job ran.',
    example: 1.6,
  })
  restoreSeconds: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Reading the image and checking its digests, of that.',
    example: 0.9,
  })
  verifySeconds: number | null;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:10:00.000Z' })
  createdAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:10:03.000Z' })
  updatedAt: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-01-31T12:10:00.000Z' })
  startedAt: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-01-31T12:10:02.500Z' })
  finishedAt: string | null;
}

export function toRestoreDto(row: Restore): RestoreDto {
  const { id, version, jobId, checkpointId, hostId, containerId, operationId, trigger, status, step } = row;
  return {
    id,
    version,
    jobId,
    checkpointId,
    hostId,
    containerId,
    operationId,
    trigger,
    status,
    step,
    failure: toNullableFailureDto(row.failure),
    restoreSeconds: row.restoreSeconds,
    verifySeconds: row.verifySeconds,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  };
}
