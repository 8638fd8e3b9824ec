import { ApiProperty } from '@nestjs/swagger';
import { exampleId } from '../../common/fields.js';
import type { JoinToken } from '../join-token.entity.js';

export class JoinTokenDto {
  static readonly example: JoinTokenDto = {
    id: exampleId('joinToken'),
    name: 'spot-fleet',
    computeEnvironmentId: exampleId('computeEnvironment'),
    expiresAt: null,
    maxUses: null,
    uses: 3,
    createdAt: '2026-01-30T08:15:00.000Z',
    version: 4,
  };

  id: string;

  name: string;

  /** Where hosts that enrol with it belong; null: to no compute environment. */
  @ApiProperty({ type: String, nullable: true })
  computeEnvironmentId: string | null;

  /** When it stops working; null: never. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expiresAt: string | null;

  /** How many enrolments it is good for; null: any number. */
  @ApiProperty({ type: 'integer', nullable: true })
  maxUses: number | null;

  /** Enrolments so far. */
  @ApiProperty({ type: 'integer' })
  uses: number;

  @ApiProperty({ format: 'date-time' })
  createdAt: string;

  /** The ETag's number. */
  @ApiProperty({ type: 'integer' })
  version: number;
}

export class CreatedJoinTokenDto extends JoinTokenDto {
  static override readonly example: CreatedJoinTokenDto = {
    ...JoinTokenDto.example,
    uses: 0,
    version: 1,
    token: 'bpj_Zm9yIGV4YW1wbGUgb25seSwgbm90IGEgcmVhbCB0b2tlbg',
  };

  /** The token itself, for the agent's BATCHPOINT_JOIN_TOKEN. Shown only here: keep it. */
  token: string;
}

export function toJoinTokenDto(token: JoinToken): JoinTokenDto {
  return {
    id: token.id,
    name: token.name,
    computeEnvironmentId: token.computeEnvironmentId,
    expiresAt: token.expiresAt?.toISOString() ?? null,
    maxUses: token.maxUses,
    uses: token.uses,
    createdAt: token.createdAt.toISOString(),
    version: token.version,
  };
}
