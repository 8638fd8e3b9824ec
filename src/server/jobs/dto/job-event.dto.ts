import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { JOB_EVENT_TYPES, type JobEventType } from '../../../protocol/agent-api.js';
import { FailureDto, toNullableFailureDto } from '../../common/failure.dto.js';
import { exampleId } from '../../common/fields.js';
import type { JobEvent } from '../job-event.entity.js';

@ApiSchema({ name: 'JobEvent', description: "A line in a job's history." })
export class JobEventDto {
  static readonly example: JobEventDto = {
    id: exampleId('jobEvent'),
    type: 'job-checkpoint-succeeded',
    happenedAt: '2026-01-31T11:45:00.000Z',
    message: 'Checkpoint 1 (manual) is committed: 2.0 GiB, frozen for 0.4 s.',
    failure: null,
    hostId: exampleId('host'),
    containerId: '4f1c0a7d5f0e',
    checkpointId: exampleId('checkpoint'),
    restoreId: null,
  };

  @ApiProperty({ example: exampleId('jobEvent') })
  id: string;

  @ApiProperty({ enum: [...JOB_EVENT_TYPES], enumName: 'JobEventType', example: 'job-checkpoint-succeeded' })
  type: JobEventType;

  @ApiProperty({ format: 'date-time', description: "By the host's clock.", example: '2026-01-31T11:45:00.000Z' })
  happenedAt: string;

  @ApiProperty({ example: 'Checkpoint 1 (manual) is committed: 2.0 GiB, frozen for 0.4 s.' })
  message: string;

  @ApiProperty({ type: FailureDto, nullable: true })
  failure: FailureDto | null;

  @ApiProperty({ type: String, nullable: true, example: exampleId('host') })
  hostId: string | null;

  @ApiProperty({ type: String, nullable: true, example: '4f1c0a7d5f0e' })
  containerId: string | null;

  @ApiProperty({ type: String, nullable: true, example: exampleId('checkpoint') })
  checkpointId: string | null;

  @ApiProperty({ type: String, nullable: true, example: null })
  restoreId: string | null;
}

export function toJobEventDto(row: JobEvent): JobEventDto {
  const { id, type, message, hostId, containerId, checkpointId, restoreId } = row;
  return {
    id,
    type,
    happenedAt: row.happenedAt.toISOString(),
    message,
    failure: toNullableFailureDto(row.failure),
    hostId,
    containerId,
    checkpointId,
    restoreId,
  };
}
