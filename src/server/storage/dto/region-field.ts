import { StringField } from '../../common/fields.js';

/** Where AWS has the storage. */
export function RegionField(description: string): PropertyDecorator {
  return StringField({
    description: `${description} With a region AWS is asked whether the storage exists and is fit; null: it is not asked.`,
    optional: true,
    nullable: true,
    default: null,
    maxLength: 32,
    pattern: /^[a-z]{2}(-[a-z]+)+-\d$/,
    patternMessage: 'region must be an AWS region such as us-east-1',
    example: 'us-east-1',
  });
}
