import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { exampleId } from '../../common/fields.js';
import { type Finding, FINDING_SEVERITIES, type FindingSeverity } from '../../common/finding.js';
import {
  type EnvironmentReference,
  PREFLIGHT_CHECKS,
  type PreflightCheck,
  type PreflightSection,
  SECTION_STATUSES,
  type SectionStatus,
} from '../preflight-section.js';
import { IamCheckDto } from './iam-check.dto.js';

@ApiSchema({ name: 'PreflightFinding', description: 'Something that endangers checkpoints or restores, or may.' })
export class PreflightFindingDto implements Finding {
  @ApiProperty({ enum: [...FINDING_SEVERITIES], enumName: 'FindingSeverity', example: 'error' })
  severity: FindingSeverity;

  @ApiProperty({
    description: "Stable: branch on this. A compute environment's finding has the code it has there.",
    pattern: '^[a-z0-9-]+$',
    example: 'iam-action-missing',
  })
  code: string;

  @ApiProperty({
    description: 'What was found.',
    example: 'dashboard lacks pricing:GetProducts (no policy allows it).',
  })
  message: string;

  @ApiProperty({
    description: 'Why it matters.',
    example: 'Without it the server cannot read On-Demand prices, against which savings are counted.',
  })
  why: string;

  @ApiProperty({
    description: 'What to do.',
    example: "Attach the report's missingPolicy to arn:aws:iam::123456789012:role/batchpoint.",
  })
  remedy: string;
}

@ApiSchema({ name: 'PreflightEnvironment', description: 'A compute environment a section is about.' })
export class PreflightEnvironmentDto implements EnvironmentReference {
  @ApiProperty({ example: exampleId('computeEnvironment') })
  id: string;

  @ApiProperty({ example: 'spot-m6i' })
  name: string;
}

@ApiSchema({ name: 'PreflightSection', description: "One check's part of a report." })
export class PreflightSectionDto implements PreflightSection {
  static readonly example: PreflightSectionDto = {
    check: 'iam',
    status: 'failed',
    reason: null,
    computeEnvironments: [{ id: exampleId('computeEnvironment'), name: 'spot-m6i' }],
    findings: [
      {
        severity: 'error',
        code: 'iam-action-missing',
        message: 'dashboard lacks pricing:GetProducts (no policy allows it).',
        why: 'Without it the server cannot read On-Demand prices, against which savings are counted.',
        remedy: "Attach the report's missingPolicy to arn:aws:iam::123456789012:role/batchpoint.",
      },
    ],
    iam: IamCheckDto.example,
  };

  @ApiProperty({
    enum: [...PREFLIGHT_CHECKS],
    enumName: 'PreflightCheck',
    description: "`configuration`: what an environment's findings say that belongs to none of the others.",
    example: 'iam',
  })
  check: PreflightCheck;

  @ApiProperty({
    enum: [...SECTION_STATUSES],
    enumName: 'PreflightSectionStatus',
    description: '`failed`: one finding or more is an error. `skipped`: it could not be looked at.',
    example: 'failed',
  })
  status: SectionStatus;

  @ApiProperty({ type: String, nullable: true, description: 'Why it was skipped.', example: null })
  reason: string | null;

  @ApiProperty({
    type: [PreflightEnvironmentDto],
    description:
      'What it is about. Several in `iam`, where the server has the same role in them; none: the server itself.',
  })
  computeEnvironments: PreflightEnvironmentDto[];

  @ApiProperty({ type: [PreflightFindingDto] })
  findings: PreflightFindingDto[];

  @ApiProperty({ type: IamCheckDto, nullable: true, description: 'Of the check `iam`, unless skipped.' })
  iam: IamCheckDto | null;
}
