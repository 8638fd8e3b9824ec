import { ApiProperty, ApiSchema, OmitType } from '@nestjs/swagger';
import { IntegerField, StringField } from '../../common/fields.js';
import { CompatibilityLinkField } from './compatibility-link-field.js';
import { RegionField } from './region-field.js';

const GIB = 1024 ** 3;

function DigestField(machine: string): PropertyDecorator {
  return StringField({
    description: `SHA-256 of the release's archive for ${machine}, as its checksums.txt gives it; null: not installed on such hosts.`,
    optional: true,
    nullable: true,
    default: null,
    minLength: 64,
    maxLength: 64,
    pattern: /^[0-9a-f]{64}$/,
    patternMessage: '$property must be a SHA-256 digest: 64 hexadecimal digits in lower case',
    example: null,
  });
}

@ApiSchema({ name: 'JuicefsSettings', description: 'What a JuiceFS client needs, as written.' })
export class JuicefsSettings {
  @StringField({
    description: 'Metadata engine, with its password. Written, never read back: it opens the whole file system.',
    pattern: /^rediss:\/\/([^\s@/]*@)?[A-Za-z0-9.-]+(:\d{1,5})?\/\d{1,5}$/,
    patternMessage:
      'metadataUrl must be rediss://[user]:[password]@host[:port]/database: TLS only, since the password travels in it; ' +
      'the characters @ and / of a password are written %40 and %2F',
    example: 'rediss://:example-password@cache.example.internal:6379/1',
  })
  @ApiProperty({ writeOnly: true })
  metadataUrl: string;

  @StringField({
    description: 'S3 bucket that holds the data.',
    minLength: 3,
    maxLength: 63,
    pattern: /^(?!.*\.\.)[a-z0-9][a-z0-9.-]*[a-z0-9]$/,
    patternMessage: 'bucket must be the name of an S3 bucket: lower-case letters, digits, dots and hyphens',
    example: 'example-checkpoints',
  })
  bucket: string;

  @StringField({
    description: 'Name of the JuiceFS volume, under which its objects lie in the bucket.',
    optional: true,
    default: 'batchpoint',
    minLength: 3,
    maxLength: 63,
    pattern: /^[a-z0-9][a-z0-9-]*[a-z0-9]$/,
    patternMessage: 'volumeName must consist of lower-case letters, digits and hyphens',
    example: 'batchpoint',
  })
  volumeName: string = 'batchpoint';

  @IntegerField({
    description: "Size of each host's local cache; 0 turns it off.",
    optional: true,
    default: 100 * GIB,
    maximum: 64 * 1024 * GIB,
    example: 100 * GIB,
  })
  cacheSizeBytes: number = 100 * GIB;

  @StringField({
    description:
      "Secret of AWS Secrets Manager with the metadata engine's password as its text: hosts read it with their own role. " +
      'null: each host is given the password by other means (see the mount script).',
    optional: true,
    nullable: true,
    default: null,
    maxLength: 2048,
    pattern: /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+$/,
    patternMessage: 'passwordSecretArn must be the ARN of a secret in AWS Secrets Manager',
    example: null,
  })
  passwordSecretArn: string | null = null;

  @StringField({
    description: 'Release of JuiceFS to install where the program is missing; null: it must be there. Needs a digest.',
    optional: true,
    nullable: true,
    default: null,
    maxLength: 20,
    pattern: /^\d+\.\d+\.\d+$/,
    patternMessage: 'clientVersion must be a release of JuiceFS such as 1.2.3',
    example: null,
  })
  clientVersion: string | null = null;

  @DigestField('x86-64')
  clientSha256X86: string | null = null;

  @DigestField('ARM')
  clientSha256Arm: string | null = null;

  @RegionField('Region of the bucket.')
  region: string | null = null;

  @CompatibilityLinkField()
  compatibilityLink: boolean = false;
}

@ApiSchema({ name: 'JuicefsPublicSettings', description: 'JuiceFS settings as they are shown: without the secret.' })
export class JuicefsPublicSettings extends OmitType(JuicefsSettings, ['metadataUrl']) {
  @ApiProperty({
    description: 'Host, port and database of the metadata engine: `metadataUrl` without user and password.',
    readOnly: true,
    example: 'cache.example.internal:6379/1',
  })
  metadataAddress: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'User name in `metadataUrl`; null: none.',
    readOnly: true,
    example: null,
  })
  metadataUser: string | null;
}
