import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { FailureDto, toNullableFailureDto } from '../../common/failure.dto.js';
import { exampleId } from '../../common/fields.js';
import { STORAGE_VERDICTS, type StorageVerdict, type VerifiedHost } from '../storage-verification.js';

@ApiSchema({ name: 'VerifiedHost', description: 'What one host found when it wrote to the storage and read from it.' })
export class VerifiedHostDto {
  @ApiProperty({ example: exampleId('host') })
  hostId: string;

  @ApiProperty({ example: 'ip-10-0-0-12' })
  hostName: string;

  @ApiProperty({
    type: [String],
    description: 'Hosts whose test file it read, itself included.',
    example: [exampleId('host')],
  })
  sees: string[];

  @ApiProperty({
    type: FailureDto,
    nullable: true,
    description: 'Why it could not use the storage; null when it could.',
  })
  failure: FailureDto | null;
}

@ApiSchema({ name: 'StorageVerification', description: 'The outcome of the newest verification.' })
export class StorageVerificationDto {
  @ApiProperty({ example: exampleId('operation') })
  operationId: string;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  finishedAt: string;

  @ApiProperty({ enum: STORAGE_VERDICTS, enumName: 'StorageVerdict', example: 'shared' })
  verdict: StorageVerdict;

  @ApiProperty({ type: [VerifiedHostDto] })
  hosts: VerifiedHostDto[];
}

export function toVerifiedHostDto({ hostId, hostName, sees, failure }: VerifiedHost): VerifiedHostDto {
  return { hostId, hostName, sees, failure: toNullableFailureDto(failure) };
}
