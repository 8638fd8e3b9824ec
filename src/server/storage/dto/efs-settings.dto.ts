import { ApiSchema } from '@nestjs/swagger';
import { BooleanField, StringField } from '../../common/fields.js';
import { CompatibilityLinkField } from './compatibility-link-field.js';
import { RegionField } from './region-field.js';

@ApiSchema({ name: 'EfsSettings', description: 'What the mount helper of Amazon EFS (amazon-efs-utils) needs.' })
export class EfsSettings {
  @StringField({
    description: "The file system's id.",
    maxLength: 43,
    pattern: /^fs-[0-9a-f]{8,40}$/,
    patternMessage: 'fileSystemId must be an EFS file system id such as fs-0123456789abcdef0',
    example: 'fs-0123456789abcdef0',
  })
  fileSystemId: string;

  @StringField({
    description: "Mount through this access point; null mounts the file system's root.",
    optional: true,
    nullable: true,
    default: null,
    maxLength: 45,
    pattern: /^fsap-[0-9a-f]{8,40}$/,
    patternMessage: 'accessPointId must be an access point id such as fsap-0123456789abcdef0',
    example: 'fsap-0123456789abcdef0',
  })
  accessPointId: string | null = null;

  @BooleanField({
    description: 'Encrypt in transit. Access points and IAM authorisation need it.',
    optional: true,
    default: true,
    example: true,
  })
  tls: boolean = true;

  @BooleanField({
    description: "Authorise with the instance's IAM role.",
    optional: true,
    default: false,
    example: false,
  })
  iamAuthorization: boolean = false;

  @RegionField('Region of the file system.')
  region: string | null = null;

  @CompatibilityLinkField()
  compatibilityLink: boolean = false;
}
