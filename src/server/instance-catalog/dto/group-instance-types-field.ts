import { applyDecorators } from '@nestjs/common';
import { ArrayNotEmpty, ArrayUnique } from 'class-validator';
import { StringArrayField } from '../../common/fields.js';

/** Types by their whole names: which sizes of a family belong together is what a group says. */
export function GroupInstanceTypesField({ optional = false }: { optional?: boolean } = {}): PropertyDecorator {
  return applyDecorators(
    StringArrayField({
      description: 'Instance types of the catalogue, of one architecture and with one GPU model or none.',
      optional,
      maxItems: 500,
      maxLength: 64,
      pattern: /^[a-z][a-z0-9-]*\.[a-z0-9-]+$/,
      example: ['m6i.xlarge', 'm6id.xlarge'],
    }),
    ArrayNotEmpty({ message: 'instanceTypes must name a type' }),
    ArrayUnique({ message: 'instanceTypes names a type twice' }),
  );
}
