import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { exampleId } from '../../common/fields.js';
import { PREFLIGHT_CHECKS, type PreflightCheck } from '../preflight-section.js';
import {
  PREFLIGHT_STATUSES,
  type PreflightStatus,
  PREFLIGHT_VERDICTS,
  type PreflightVerdict,
} from '../preflight-status.js';
import type { Preflight } from '../preflight.entity.js';
import { PreflightSectionDto } from './preflight-section.dto.js';

@ApiSchema({ name: 'PreflightSummary', description: 'A preflight without the sections of its report.' })
export class PreflightSummaryDto {
  static readonly example: PreflightSummaryDto = {
    id: exampleId('preflight'),
    version: 4,
    operationId: exampleId('operation'),
    computeEnvironmentId: null,
    checks: ['iam', 'storage'],
    status: 'finished',
    verdict: 'failed',
    environmentsDone: 1,
    environmentsTotal: 1,
    createdAt: '2026-01-31T12:00:00.000Z',
    updatedAt: '2026-01-31T12:00:03.000Z',
    startedAt: '2026-01-31T12:00:00.100Z',
    finishedAt: '2026-01-31T12:00:03.000Z',
  };

  @ApiProperty({ example: exampleId('preflight') })
  id: string;

  @ApiProperty({ type: 'integer', description: 'Rises with every change; the ETag.', example: 4 })
  version: number;

  @ApiProperty({
    description: 'The operation that makes the report; cancel it there.',
    example: exampleId('operation'),
  })
  operationId: string;

  @ApiProperty({ type: String, nullable: true, description: 'null: all environments.', example: null })
  computeEnvironmentId: string | null;

  @ApiProperty({ enum: [...PREFLIGHT_CHECKS], enumName: 'PreflightCheck', isArray: true, example: ['iam', 'storage'] })
  checks: PreflightCheck[];

  @ApiProperty({ enum: [...PREFLIGHT_STATUSES], enumName: 'PreflightStatus', example: 'finished' })
  status: PreflightStatus;

  @ApiProperty({
    enum: [...PREFLIGHT_VERDICTS],
    enumName: 'PreflightVerdict',
    nullable: true,
    description:
      '`failed` as soon as one section failed; sections that were skipped count for neither. null until it has finished.',
    example: 'failed',
  })
  verdict: PreflightVerdict | null;

  @ApiProperty({ type: 'integer', description: 'Environments looked at so far.', example: 1 })
  environmentsDone: number;

  @ApiProperty({ type: 'integer', example: 1 })
  environmentsTotal: number;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  createdAt: string;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:03.000Z' })
  updatedAt: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-01-31T12:00:00.100Z' })
  startedAt: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-01-31T12:00:03.000Z' })
  finishedAt: string | null;
}

@ApiSchema({ name: 'Preflight', description: 'A look at everything jobs need to be protected, and its report.' })
export class PreflightDto extends PreflightSummaryDto {
  static override readonly example: PreflightDto = {
    ...PreflightSummaryDto.example,
    sections: [PreflightSectionDto.example],
  };

  @ApiProperty({ type: [PreflightSectionDto], description: 'Empty until it has finished.' })
  sections: PreflightSectionDto[];
}

export function toPreflightSummaryDto(row: Preflight): PreflightSummaryDto {
  return {
    id: row.id,
    version: row.version,
    operationId: row.operationId,
    computeEnvironmentId: row.request.computeEnvironmentId,
    checks: row.request.checks,
    status: row.status,
    verdict: row.verdict,
    environmentsDone: row.environmentsDone,
    environmentsTotal: row.environmentsTotal,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  };
}

export function toPreflightDto(row: Preflight): PreflightDto {
  return { ...toPreflightSummaryDto(row), sections: row.sections };
}
