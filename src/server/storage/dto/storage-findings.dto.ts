import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { exampleId } from '../../common/fields.js';
import { FINDING_SEVERITIES, type FindingSeverity } from '../../common/finding.js';
import { STORAGE_FINDING_CODES, type StorageFinding, type StorageFindingCode } from '../storage-finding.js';

const EXAMPLE: StorageFinding = {
  severity: 'warning',
  code: 'storage-not-encrypted',
  message: 'The EFS file system fs-0123456789abcdef0 is not encrypted at rest.',
  why: 'Checkpoints hold the whole memory of jobs, secrets included.',
  remedy: 'Make an encrypted file system: encryption cannot be turned on later.',
};

@ApiSchema({ name: 'StorageFinding', description: 'Something about a storage that endangers checkpoints on it.' })
export class StorageFindingDto implements StorageFinding {
  @ApiProperty({
    enum: FINDING_SEVERITIES,
    enumName: 'FindingSeverity',
    description:
      '`error`: jobs are not protected, or cannot restore. `warning`: some will not be, or less well. `info`: worth knowing.',
    example: EXAMPLE.severity,
  })
  severity: FindingSeverity;

  @ApiProperty({
    enum: STORAGE_FINDING_CODES,
    enumName: 'StorageFindingCode',
    description: 'Stable: branch on this.',
    example: EXAMPLE.code,
  })
  code: StorageFindingCode;

  @ApiProperty({ description: 'What was found.', example: EXAMPLE.message })
  message: string;

  @ApiProperty({ description: 'Why it matters.', example: EXAMPLE.why })
  why: string;

  @ApiProperty({ description: 'What to do.', example: EXAMPLE.remedy })
  remedy: string;
}

@ApiSchema({
  name: 'StorageFindings',
  description: 'All findings of one look, the most severe first. None: nothing known stands in the way.',
})
export class StorageFindingsDto {
  static readonly example: StorageFindingsDto = {
    storageId: exampleId('storage'),
    evaluatedAt: '2026-01-31T12:00:00.000Z',
    items: [EXAMPLE],
  };

  @ApiProperty({ example: exampleId('storage') })
  storageId: string;

  @ApiProperty({
    format: 'date-time',
    description: 'Findings are made anew for every request.',
    example: '2026-01-31T12:00:00.000Z',
  })
  evaluatedAt: string;

  @ApiProperty({ type: [StorageFindingDto] })
  items: StorageFindingDto[];
}
