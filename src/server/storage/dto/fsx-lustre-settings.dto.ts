import { ApiSchema } from '@nestjs/swagger';
import { StringField } from '../../common/fields.js';
import { CompatibilityLinkField } from './compatibility-link-field.js';
import { RegionField } from './region-field.js';

@ApiSchema({
  name: 'FsxLustreSettings',
  description: 'What the Lustre client needs to mount an FSx for Lustre file system: give `region` or `dnsName`.',
})
export class FsxLustreSettings {
  @StringField({
    description: "The file system's id.",
    minLength: 11,
    maxLength: 21,
    pattern: /^fs-[0-9a-f]{8,}$/,
    patternMessage: 'fileSystemId must be an FSx file system id such as fs-0123456789abcdef0',
    example: 'fs-0123456789abcdef0',
  })
  fileSystemId: string;

  @StringField({
    description: 'The mount name FSx gave the file system (`fsx` for the oldest ones).',
    maxLength: 8,
    pattern: /^[A-Za-z0-9_-]+$/,
    patternMessage: 'mountName must be what FSx shows as the mount name, at most 8 letters and digits',
    example: 'fsx12abc',
  })
  mountName: string;

  @RegionField('Region of the file system; its DNS name follows from it, so that `dnsName` can be left out.')
  region: string | null = null;

  @StringField({
    description: "The file system's DNS name, where it is not the usual one of the region; null: the usual one.",
    optional: true,
    nullable: true,
    default: null,
    maxLength: 253,
    pattern: /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$/,
    patternMessage: 'dnsName must be a DNS name such as fs-0123456789abcdef0.fsx.us-east-1.amazonaws.com',
    example: null,
  })
  dnsName: string | null = null;

  @CompatibilityLinkField()
  compatibilityLink: boolean = false;
}
