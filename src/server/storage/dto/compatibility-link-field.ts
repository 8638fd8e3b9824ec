import { BooleanField } from '../../common/fields.js';

/** For job definitions and scripts that name the directory MMBatch used. */
export function CompatibilityLinkField(): PropertyDecorator {
  return BooleanField({
    description:
      'Let the mount script make `/mmc-checkpoint` a link to the mount path, for scripts that name it. Refused on a host where a directory with files, or another mount, is there.',
    optional: true,
    default: false,
    example: false,
  });
}
