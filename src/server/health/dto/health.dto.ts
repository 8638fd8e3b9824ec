import { ApiProperty } from '@nestjs/swagger';

export class LivenessDto {
  static readonly example: LivenessDto = { status: 'ok' };

  @ApiProperty({ enum: ['ok'], enumName: 'LivenessStatus' })
  status: 'ok';
}

export class ReadinessDto {
  static readonly example: ReadinessDto = { status: 'ok', checks: { database: 'ok', migrations: 'ok' } };

  @ApiProperty({ enum: ['ok', 'failed'], enumName: 'ReadinessStatus' })
  status: 'ok' | 'failed';

  /** Each check by name: `ok`, or what is wrong. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  checks: Record<string, string>;
}

export class VersionDto {
  static readonly example: VersionDto = { version: '0.1.0', node: 'v24.0.0' };

  /** Of Batchpoint. */
  version: string;

  /** Of Node.js. */
  node: string;
}
