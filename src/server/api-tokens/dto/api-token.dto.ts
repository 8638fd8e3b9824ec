import { ApiProperty } from '@nestjs/swagger';
import { ROLES, type Role } from '../../auth/role.js';
import { exampleId } from '../../common/fields.js';
import type { ApiToken } from '../api-token.entity.js';

export class ApiTokenDto {
  static readonly example: ApiTokenDto = {
    id: exampleId('apiToken'),
    name: 'nightly-report',
    role: 'viewer',
    expiresAt: null,
    lastUsedAt: '2026-01-31T12:00:00.000Z',
    createdAt: '2026-01-30T08:15:00.000Z',
    version: 1,
  };

  id: string;

  name: string;

  @ApiProperty({ enum: ROLES, enumName: 'Role' })
  role: Role;

  /** When it stops working; null: never. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expiresAt: string | null;

  /** To the minute; null: never used. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastUsedAt: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt: string;

  /** The ETag's number. */
  @ApiProperty({ type: 'integer' })
  version: number;
}

export class CreatedApiTokenDto extends ApiTokenDto {
  static override readonly example: CreatedApiTokenDto = {
    ...ApiTokenDto.example,
    lastUsedAt: null,
    token: 'bp_Zm9yIGV4YW1wbGUgb25seSwgbm90IGEgcmVhbCB0b2tlbg',
  };

  /** The token itself. Shown only here: keep it. */
  token: string;
}

export function toApiTokenDto(token: ApiToken): ApiTokenDto {
  return {
    id: token.id,
    name: token.name,
    role: token.role,
    expiresAt: token.expiresAt?.toISOString() ?? null,
    lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
    createdAt: token.createdAt.toISOString(),
    version: token.version,
  };
}
