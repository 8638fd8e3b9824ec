import { applyDecorators } from '@nestjs/common';
import { registerDecorator } from 'class-validator';
import { StringField } from '../../common/fields.js';
import { MOUNT_PATH_PATTERN, mountPathProblem } from '../mount-path.js';

/** Where a storage is mounted on every host. */
export function MountPathField(options: { optional?: boolean } = {}): PropertyDecorator {
  return applyDecorators(
    StringField({
      ...options,
      description: 'Where it is mounted on every host: an absolute path outside of system directories.',
      maxLength: 200,
      pattern: MOUNT_PATH_PATTERN,
      patternMessage: mountPathProblem('')!,
      example: '/mnt/batchpoint',
    }),
    IsUsableMountPath,
  );
}

const IsUsableMountPath: PropertyDecorator = (target, property) => {
  registerDecorator({
    name: 'isUsableMountPath',
    target: target.constructor,
    propertyName: String(property),
    validator: {
      validate: (value: unknown) => typeof value === 'string' && mountPathProblem(value) === null,
      defaultMessage: (args) =>
        (typeof args?.value === 'string' && mountPathProblem(args.value)) || 'mountPath must be a text',
    },
  });
};
