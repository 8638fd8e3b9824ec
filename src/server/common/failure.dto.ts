import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { FAILURE_CODES, type Failure, type FailureCode } from '../../protocol/failure.js';

@ApiSchema({
  name: 'Failure',
  description: 'Why a checkpoint, a restore or an operation did not succeed, in words to act on.',
})
export class FailureDto {
  static readonly example: FailureDto = {
    code: 'dump-failed',
    message: 'CRIU could not dump process 42: it has an open io_uring.',
    remedy: 'Run the program without io_uring.',
    logLine: null,
    step: 'dump',
  };

  @ApiProperty({
    description: 'Stable: branch on this.',
    enum: [...FAILURE_CODES],
    enumName: 'FailureCode',
    example: 'dump-failed',
  })
  code: FailureCode;

  @ApiProperty({
    description: 'What happened and why.',
    example: 'CRIU could not dump process 42: it has an open io_uring.',
  })
  message: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What to do about it.',
    example: 'Run the program without io_uring.',
  })
  remedy: string | null;

  @ApiProperty({ type: String, nullable: true, description: "The root line of the tool's own log.", example: null })
  logLine: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The step that failed.', example: 'dump' })
  step: string | null;
}

export function toFailureDto(failure: Failure): FailureDto {
  const { code, message, remedy = null, logLine = null, step = null } = failure;
  return { code, message, remedy, logLine, step };
}

export function toNullableFailureDto(failure: Failure | null): FailureDto | null {
  return failure === null ? null : toFailureDto(failure);
}
