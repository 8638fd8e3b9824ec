import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { CONTAINER_STATUSES } from '../../../protocol/agent-api.js';
import { exampleId } from '../../common/fields.js';
import type { ContainerStatus, JobAttempt } from '../job-attempt.entity.js';

@ApiSchema({ name: 'JobAttempt', description: 'One container of a job.' })
export class JobAttemptDto {
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: "AWS Batch's number, from 1; null where it sets none.",
    example: 1,
  })
  attempt: number | null;

  @ApiProperty({ example: '4f1c0a7d5f0e' })
  containerId: string;

  @ApiProperty({ example: exampleId('host') })
  hostId: string;

  @ApiProperty({
    enum: [...CONTAINER_STATUSES],
    enumName: 'ContainerStatus',
    description:
      '`lost`: it is gone, and nobody saw how it ended. So are all but the newest whose end was not reported.',
    example: 'running',
  })
  status: ContainerStatus;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'Size of its image, unpacked: what a new host needs on its root volume for it. null: the host did not say.',
    example: 3_221_225_472,
  })
  imageBytes: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: null })
  exitCode: number | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-01-31T11:30:00.000Z' })
  startedAt: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  stoppedAt: string | null;
}

export function toJobAttemptDto(row: JobAttempt, isCurrent: boolean): JobAttemptDto {
  const ended = row.status === 'exited' || row.status === 'lost';
  return {
    attempt: row.attempt,
    containerId: row.containerId,
    hostId: row.hostId,
    status: ended || isCurrent ? row.status : 'lost',
    imageBytes: row.imageBytes,
    exitCode: row.exitCode,
    startedAt: row.startedAt?.toISOString() ?? null,
    stoppedAt: row.stoppedAt?.toISOString() ?? null,
  };
}
