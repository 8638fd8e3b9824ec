import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { exampleId } from '../../common/fields.js';
import { FINDING_SEVERITIES, type FindingSeverity } from '../../common/finding.js';
import {
  ENVIRONMENT_FINDING_CODES,
  type EnvironmentFinding,
  type EnvironmentFindingCode,
} from '../environment-finding.js';

@ApiSchema({
  name: 'ComputeEnvironmentFinding',
  description: 'Something about an environment that endangers checkpoints or restores.',
})
export class ComputeEnvironmentFindingDto implements EnvironmentFinding {
  @ApiProperty({
    enum: FINDING_SEVERITIES,
    enumName: 'FindingSeverity',
    description:
      '`error`: jobs are not protected, or cannot restore. `warning`: some will not be, or less well. `info`: worth knowing.',
    example: 'warning',
  })
  severity: FindingSeverity;

  @ApiProperty({
    enum: ENVIRONMENT_FINDING_CODES,
    enumName: 'ComputeEnvironmentFindingCode',
    description: 'Stable: branch on this.',
    example: 'single-checkpoint-kept',
  })
  code: EnvironmentFindingCode;

  @ApiProperty({ description: 'What was found.', example: 'The policy in force keeps one checkpoint of each job.' })
  message: string;

  @ApiProperty({
    description: 'Why it matters.',
    example: 'If that image turns out damaged there is none before it to fall back to.',
  })
  why: string;

  @ApiProperty({ description: 'What to do.', example: 'Set keep to 2 or more.' })
  remedy: string;
}

@ApiSchema({
  name: 'ComputeEnvironmentFindings',
  description: 'All findings of one look, the most severe first. None: nothing known stands in the way.',
})
export class ComputeEnvironmentFindingsDto {
  static readonly example: ComputeEnvironmentFindingsDto = {
    computeEnvironmentId: exampleId('computeEnvironment'),
    evaluatedAt: '2026-01-31T12:00:00.000Z',
    items: [
      {
        severity: 'warning',
        code: 'single-checkpoint-kept',
        message: 'The policy in force keeps one checkpoint of each job.',
        why: 'If that image turns out damaged there is none before it to fall back to.',
        remedy: 'Set keep to 2 or more.',
      },
    ],
  };

  @ApiProperty({ example: exampleId('computeEnvironment') })
  computeEnvironmentId: string;

  @ApiProperty({
    format: 'date-time',
    description: 'Findings are made anew for every request.',
    example: '2026-01-31T12:00:00.000Z',
  })
  evaluatedAt: string;

  @ApiProperty({ type: [ComputeEnvironmentFindingDto] })
  items: ComputeEnvironmentFindingDto[];
}
