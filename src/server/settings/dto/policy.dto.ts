import { ApiProperty } from '@nestjs/swagger';
import { BooleanField, DurationField, EnumField, IntegerField } from '../../common/fields.js';
import { CHECKPOINT_MODES, type CheckpointMode, DEFAULT_POLICY, type Policy } from '../../../protocol/policy.js';

/** When to checkpoint, what to carry, what to keep. */
export class PolicyDto implements Policy {
  static readonly example: PolicyDto = { ...DEFAULT_POLICY };

  /** `periodic`: every `interval` and on demand; `manual`: on demand only; `off`: jobs are left alone. */
  @ApiProperty({ enum: CHECKPOINT_MODES, enumName: 'CheckpointMode' })
  mode: CheckpointMode;

  /** From the end of one periodic checkpoint to the start of the next. */
  interval: string;

  /** Committed checkpoints kept for each job. */
  @ApiProperty({ type: 'integer' })
  keep: number;

  /** A checkpoint that takes longer is given up and the job runs on. */
  timeout: string;

  /** Carry the container's writable layer. */
  writableLayer: boolean;

  /** Keep images when the job ends, and CRIU's logs beside them. */
  diagnosis: boolean;

  /** Images of a job that failed are deleted this long after its end; those of one that succeeded go at once. */
  failureRetention: string;
}

/** Part of a policy: what is absent stays as it is, null clears (back to the default, or to what is inherited). */
export class PolicyOverrideDto {
  static readonly example: PolicyOverrideDto = { interval: '5m', keep: 3 };

  @EnumField(CHECKPOINT_MODES, 'CheckpointMode', {
    optional: true,
    nullable: true,
    description: '`periodic`: every `interval` and on demand; `manual`: on demand only; `off`: jobs are left alone.',
    example: 'periodic',
  })
  mode?: CheckpointMode | null;

  @DurationField({
    optional: true,
    nullable: true,
    example: '15m',
    description: 'From the end of one periodic checkpoint to the start of the next; at least 1s.',
  })
  interval?: string | null;

  @IntegerField({
    optional: true,
    nullable: true,
    minimum: 1,
    maximum: 100,
    example: 2,
    description: 'Committed checkpoints kept for each job.',
  })
  keep?: number | null;

  @DurationField({
    optional: true,
    nullable: true,
    example: '10m',
    description: 'A checkpoint that takes longer is given up and the job runs on; at least 1s.',
  })
  timeout?: string | null;

  @BooleanField({ optional: true, nullable: true, example: true, description: "Carry the container's writable layer." })
  writableLayer?: boolean | null;

  @BooleanField({
    optional: true,
    nullable: true,
    example: false,
    description: "Keep images when the job ends, and CRIU's logs beside them.",
  })
  diagnosis?: boolean | null;

  @DurationField({
    optional: true,
    nullable: true,
    example: '168h',
    description: 'Images of a job that failed are deleted this long after its end.',
  })
  failureRetention?: string | null;
}
