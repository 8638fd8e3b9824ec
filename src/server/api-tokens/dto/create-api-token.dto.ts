import { ROLES, type Role } from '../../auth/role.js';
import { DateTimeField, EnumField, NameField } from '../../common/fields.js';

export class CreateApiTokenDto {
  static readonly example: CreateApiTokenDto = { name: 'nightly-report', role: 'viewer' };

  @NameField({ description: 'What it is for; unique.', example: 'nightly-report' })
  name: string;

  @EnumField(ROLES, 'Role', {
    description: 'viewer reads; operator also checkpoints and restores; admin also configures.',
    example: 'viewer',
  })
  role: Role;

  @DateTimeField({ optional: true, nullable: true, description: 'When it stops working; null or absent: never.' })
  expiresAt?: string | null;
}
