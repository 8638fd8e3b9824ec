import { DurationField, NestedField } from '../../common/fields.js';
import { PolicyOverrideDto } from './policy.dto.js';

export class UpdateAgentSettingsDto {
  @DurationField({
    optional: true,
    nullable: true,
    example: '15s',
    description: 'How often a host says that it is there; 1s to 5m.',
  })
  heartbeatInterval?: string | null;

  @DurationField({
    optional: true,
    nullable: true,
    example: '1m',
    description: 'A host that has been silent this long is offline; at least twice the heartbeat interval.',
  })
  offlineAfter?: string | null;
}

/** Null clears a part, or a single setting, to its default. */
export class UpdateSettingsDto {
  static readonly example: UpdateSettingsDto = { policy: { interval: '5m', keep: 3 } };

  @NestedField(() => PolicyOverrideDto, { optional: true, nullable: true })
  policy?: PolicyOverrideDto | null;

  @NestedField(() => UpdateAgentSettingsDto, { optional: true, nullable: true })
  agents?: UpdateAgentSettingsDto | null;
}
