import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ERROR_CODES, type ErrorCode } from './error-codes.js';

/** One thing wrong with a request. */
@ApiSchema({ name: 'ProblemField', description: 'One thing wrong with a request.' })
export class ProblemFieldDto {
  @ApiProperty({ description: '`/a/b` in the body, `?name` in the query, `header:Name`.', example: '/name' })
  pointer: string;

  @ApiProperty({ description: '`required`, `unknown`, or the rule that was broken.', example: 'max-length' })
  code: string;

  @ApiProperty({ example: 'name must be at most 100 characters long' })
  detail: string;
}

/** RFC 9457 problem details: the body of every answer that is not a success. */
@ApiSchema({
  name: 'Problem',
  description: 'RFC 9457 problem details: the body of every answer that is not a success.',
})
export class ProblemDto {
  @ApiProperty({ description: 'A URN that names the code.', format: 'uri', example: 'urn:batchpoint:error:not-found' })
  type: string;

  @ApiProperty({ description: 'The same for every problem of this code.', example: 'There is no such resource' })
  title: string;

  @ApiProperty({ description: 'The HTTP status.', type: 'integer', example: 404 })
  status: number;

  @ApiProperty({ description: 'What is wrong here, and what to do about it.', example: 'There is no API token tok_1.' })
  detail: string;

  @ApiProperty({ description: 'Stable: branch on this.', enum: Object.keys(ERROR_CODES), enumName: 'ErrorCode' })
  code: ErrorCode;

  @ApiProperty({
    description: 'Find the request by this in the server log.',
    example: '019aa0b4-6f0c-7c3e-9b1f-1d2f3a4b5c6d',
  })
  requestId: string;

  @ApiProperty({
    description: 'The parts of the request that are wrong; empty when it is not about a part.',
    type: [ProblemFieldDto],
  })
  errors: ProblemFieldDto[];
}

export function problemExample(code: ErrorCode): ProblemDto {
  const { status, title } = ERROR_CODES[code];
  return {
    type: `urn:batchpoint:error:${code}`,
    title,
    status,
    detail: `${title}.`,
    code,
    requestId: '019aa0b4-6f0c-7c3e-9b1f-1d2f3a4b5c6d',
    errors: [],
  };
}
