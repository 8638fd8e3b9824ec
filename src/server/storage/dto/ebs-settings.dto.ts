import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { BooleanField, EnumField, IntegerField, StringField } from '../../common/fields.js';

const GIB = 1024 ** 3;

export const EBS_VOLUME_TYPES = ['gp2', 'gp3', 'io1', 'io2', 'st1', 'sc1'] as const;
export type EbsVolumeType = (typeof EBS_VOLUME_TYPES)[number];

export const EBS_FILE_SYSTEMS = ['ext4', 'xfs'] as const;
export type EbsFileSystem = (typeof EBS_FILE_SYSTEMS)[number];

/** Limits between type, size and performance stand in `ebs.driver.ts`. */
@ApiSchema({
  name: 'EbsSettings',
  description:
    "A scratch volume of a host's own, attached by its launch template. Which sizes and rates a type takes is checked as EC2 does.",
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

  @StringField({
    description: 'Device name under which the launch template attaches the volume.',
    optional: true,
    default: '/dev/sdf',
    maxLength: 20,
    pattern: /^\/dev\/(sd|xvd)[b-z]$/,
    patternMessage:
      'deviceName must be a device name of EC2 for data volumes, /dev/sdb to /dev/sdz or /dev/xvdb to /dev/xvdz',
    example: '/dev/sdf',
  })
  deviceName: string = '/dev/sdf';

  @EnumField(EBS_FILE_SYSTEMS, 'EbsFileSystem', {
    description: 'File system made on a volume that has none.',
    optional: true,
    default: 'ext4',
    example: 'ext4',
  })
  fileSystem: EbsFileSystem = 'ext4';
}
