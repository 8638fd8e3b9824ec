import { ApiSchema } from '@nestjs/swagger';
import { StringField } from '../../common/fields.js';

@ApiSchema({
  name: 'FsxLustreSettings',
  description: 'What the Lustre client needs to mount an FSx for Lustre file system.',
})
export class FsxLustreSettings {
  @StringField({
    description: "The file system's id.",
    maxLength: 20,
    pattern: /^fs-[0-9a-f]{17}$/,
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

  @StringField({
    description: 'Region of the file system, part of its DNS name.',
    maxLength: 32,
    pattern: /^[a-z]{2}(-[a-z]+)+-\d$/,
    patternMessage: 'region must be an AWS region such as us-east-1',
    example: 'us-east-1',
  })
  region: string;
}
