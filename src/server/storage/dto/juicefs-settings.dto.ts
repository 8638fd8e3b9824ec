import { ApiProperty, ApiSchema, OmitType } from '@nestjs/swagger';
import { IntegerField, StringField } from '../../common/fields.js';

const GIB = 1024 ** 3;

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

  @IntegerField({
    description: "Size of each host's local cache; 0 turns it off.",
    optional: true,
    default: 100 * GIB,
    maximum: 64 * 1024 * GIB,
    example: 100 * GIB,
  })
  cacheSizeBytes: number = 100 * GIB;
}

@ApiSchema({ name: 'JuicefsPublicSettings', description: 'JuiceFS settings as they are shown: without the secret.' })
export class JuicefsPublicSettings extends OmitType(JuicefsSettings, ['metadataUrl']) {
  @ApiProperty({
    description: 'Host, port and database of the metadata engine: `metadataUrl` without user and password.',
    readOnly: true,
    example: 'cache.example.internal:6379/1',
  })
  metadataAddress: string;
}
