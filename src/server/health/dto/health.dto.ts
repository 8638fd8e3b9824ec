import { ApiProperty } from '@nestjs/swagger';

export class LivenessDto {
  static readonly example: LivenessDto = { status: 'ok' };

  @ApiProperty({ enum: ['ok'], enumName: 'HealthStatus' })
  status: 'ok';
}

export class ReadinessDto {
  static readonly example: ReadinessDto = { status: 'ok' };

  @ApiProperty({ enum: ['ok'], enumName: 'HealthStatus' })
  status: 'ok';
}

export class VersionDto {
  static readonly example: VersionDto = { version: '0.1.0', node: 'v24.0.0' };

  /** Of Batchpoint. */
  version: string;

  /** Of Node.js. */
  node: string;
}
