import { applyDecorators } from '@nestjs/common';
import { ArrayUnique } from 'class-validator';
import { StringArrayField } from '../../common/fields.js';
import { INSTANCE_TYPE_PATTERN } from '../instance-type-name.js';

/** `instanceTypes` as AWS Batch takes them. */
export function InstanceTypesField(): PropertyDecorator {
  return applyDecorators(
    StringArrayField({
      description:
        "The compute environment's own list: types (`m6i.xlarge`), families (`m6i`), `optimal`, `default_x86_64` or `default_arm64`. Where it has a region the list comes from AWS Batch, and giving one here is refused.",
      optional: true,
      maxItems: 500,
      maxLength: 64,
      pattern: INSTANCE_TYPE_PATTERN,
      example: ['m6i.xlarge', 'm6i.2xlarge'],
    }),
    ArrayUnique({ message: 'instanceTypes names a type twice' }),
  );
}
