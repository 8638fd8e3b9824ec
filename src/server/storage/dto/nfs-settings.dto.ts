import { ApiSchema } from '@nestjs/swagger';
import { EnumField, StringArrayField, StringField } from '../../common/fields.js';
import { CompatibilityLinkField } from './compatibility-link-field.js';

export const NFS_VERSIONS = ['3', '4.0', '4.1', '4.2'] as const;
export type NfsVersion = (typeof NFS_VERSIONS)[number];

const LABEL = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const SEGMENT = '[A-Za-z0-9_-][A-Za-z0-9._-]*';

@ApiSchema({ name: 'NfsSettings', description: 'What Linux needs to mount an NFS export.' })
export class NfsSettings {
  @StringField({
    description: 'Host name or IPv4 address of the server.',
    maxLength: 253,
    pattern: new RegExp(`^${LABEL}(\\.${LABEL})*$`),
    patternMessage: 'server must be a host name or an IPv4 address, such as files.example.internal or 10.0.0.12',
    example: 'files.example.internal',
  })
  server: string;

  @StringField({
    description: 'Directory the server exports.',
    pattern: new RegExp(`^/(${SEGMENT}(/${SEGMENT})*)?$`),
    patternMessage:
      'exportPath must be an absolute path of letters, digits and ._- without a final slash, such as /exports/checkpoints',
    example: '/exports/checkpoints',
  })
  exportPath: string;

  @EnumField(NFS_VERSIONS, 'NfsVersion', {
    description: 'Protocol version. 4.1 is what EFS, FSx and current Linux servers speak.',
    optional: true,
    default: '4.1',
    example: '4.1',
  })
  version: NfsVersion = '4.1';

  @StringArrayField({
    description:
      'Mount options beyond those always set: the version, `hard`, `timeo=600`, `retrans=2`, `_netdev` and `nofail`.',
    optional: true,
    default: [],
    maxItems: 32,
    maxLength: 100,
    pattern: /^[a-z][a-z0-9_]*(=[A-Za-z0-9._:/-]+)?$/,
    example: ['noresvport', 'rsize=1048576', 'wsize=1048576'],
  })
  mountOptions: string[] = [];

  @CompatibilityLinkField()
  compatibilityLink: boolean = false;
}
