import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { OPERATION_STATUSES, type OperationStatus } from '../../../protocol/checkpoint-state.js';
import { FailureDto, toNullableFailureDto } from '../../common/failure.dto.js';
import { exampleId } from '../../common/fields.js';
import type { Operation } from '../operation.entity.js';
import { OPERATION_RESOURCES, OPERATION_TYPES, type OperationResource, type OperationType } from '../operation-type.js';

@ApiSchema({ name: 'OperationResource', description: 'What an operation is about.' })
export class OperationResourceDto {
  @ApiProperty({ enum: Object.keys(OPERATION_RESOURCES), enumName: 'OperationResourceType', example: 'checkpoint' })
  type: OperationResource;

  @ApiProperty({ example: exampleId('checkpoint') })
  id: string;

  @ApiProperty({
    description: 'Where to read it.',
    format: 'uri-reference',
    example: `/api/v1/checkpoints/${exampleId('checkpoint')}`,
  })
  href: string;
}

@ApiSchema({ name: 'Operation', description: 'A long-running request and its outcome.' })
export class OperationDto {
  static readonly example: OperationDto = {
    id: exampleId('operation'),
    version: 1,
    type: 'checkpoint',
    status: 'pending',
    resource: {
      type: 'checkpoint',
      id: exampleId('checkpoint'),
      href: `/api/v1/checkpoints/${exampleId('checkpoint')}`,
    },
    failure: null,
    result: null,
    createdAt: '2026-01-31T12:00:00.000Z',
    updatedAt: '2026-01-31T12:00:00.000Z',
    startedAt: null,
    finishedAt: null,
  };

  @ApiProperty({ example: exampleId('operation') })
  id: string;

  @ApiProperty({ type: 'integer', description: 'Rises with every change; the ETag.', example: 1 })
  version: number;

  @ApiProperty({ enum: [...OPERATION_TYPES], enumName: 'OperationType', example: 'checkpoint' })
  type: OperationType;

  @ApiProperty({
    enum: [...OPERATION_STATUSES],
    enumName: 'OperationStatus',
    description: '`pending`: no host has picked it up yet. The last three are final.',
    example: 'pending',
  })
  status: OperationStatus;

  @ApiProperty({ type: OperationResourceDto })
  resource: OperationResourceDto;

  @ApiProperty({ type: FailureDto, nullable: true, description: 'Why it failed; null unless it did.' })
  failure: FailureDto | null;

  @ApiProperty({
    type: 'object',
    nullable: true,
    additionalProperties: true,
    description: 'What the work found out, such as `bytesRead` of a verification; null when the resource itself tells.',
    example: null,
  })
  result: Record<string, unknown> | null;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  createdAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  updatedAt: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When a host picked it up.',
    example: null,
  })
  startedAt: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  finishedAt: string | null;
}

export function toOperationDto(row: Operation): OperationDto {
  return {
    id: row.id,
    version: row.version,
    type: row.type,
    status: row.status,
    resource: {
      type: row.resourceType,
      id: row.resourceId,
      href: `${OPERATION_RESOURCES[row.resourceType]}/${row.resourceId}`,
    },
    failure: toNullableFailureDto(row.failure),
    result: row.result,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  };
}
