import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { BooleanField, EnumField, IntegerField } from '../../common/fields.js';

const GIB = 1024 ** 3;

export const EBS_VOLUME_TYPES = ['gp2', 'gp3', 'io1', 'io2', 'st1', 'sc1'] as const;
export type EbsVolumeType = (typeof EBS_VOLUME_TYPES)[number];

/** Limits between type, size and performance stand in `ebs.driver.ts`. */
@ApiSchema({
  name: 'EbsSettings',
  description: 'The volume each job gets. Which sizes and rates a type takes is checked as EC2 does.',
})
export class EbsSettings {
  @EnumField(EBS_VOLUME_TYPES, 'EbsVolumeType', {
    description: 'Volume type, as EC2 spells it.',
    optional: true,
    default: 'gp3',
    example: 'gp3',
  })
  volumeType: EbsVolumeType = 'gp3';

  @IntegerField({
    description: 'Size of a volume, a whole number of GiB.',
    minimum: GIB,
    maximum: 64 * 1024 * GIB,
    example: 100 * GIB,
  })
  @ApiProperty({ multipleOf: GIB })
  sizeBytes: number;

  @IntegerField({
    description: 'Provisioned I/O operations a second; null leaves it to the type.',
    optional: true,
    nullable: true,
    default: null,
    minimum: 100,
    maximum: 256_000,
    example: 6000,
  })
  iops: number | null = null;

  @IntegerField({
    description: 'Provisioned throughput, MiB a second (gp3 only); null leaves it to the type.',
    optional: true,
    nullable: true,
    default: null,
    minimum: 125,
    maximum: 2000,
    example: 500,
  })
  throughputMibPerSecond: number | null = null;

  @BooleanField({
    description: "Encrypt with the account's default key.",
    optional: true,
    default: true,
    example: true,
  })
  encrypted: boolean = true;
}
