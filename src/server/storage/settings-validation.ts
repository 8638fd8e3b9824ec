import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import type { FieldError } from '../common/domain-error.js';
import { fieldErrors } from '../common/validation.js';
import type { StorageDriver } from './storage-driver.js';

const POINTER = '/settings/';

/**
 * A request's `settings` as the driver's own type, complete with defaults, or everything that is wrong with them. No error
 * repeats a value, since a value may be a secret.
 */
export function validateSettings<S extends object>(
  driver: StorageDriver<S>,
  input: unknown,
): { settings: S; errors: [] } | { settings: null; errors: FieldError[] } {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    const detail = `settings must be an object: the settings of a storage of kind ${driver.kind}.`;
    return { settings: null, errors: [{ pointer: '/settings', code: 'required', detail }] };
  }
  const settings = plainToInstance(driver.settingsType, input);
  const broken = validateSync(settings, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: false,
    stopAtFirstError: true,
    validationError: { target: false },
  });
  if (broken.length > 0) return { settings: null, errors: broken.flatMap((error) => fieldErrors(error, POINTER, '')) };
  const problems = driver.problems(settings);
  if (problems.length === 0) return { settings, errors: [] };
  return {
    settings: null,
    errors: problems.map(({ field, detail }) => ({ pointer: POINTER + field, code: 'invalid', detail: `${detail}.` })),
  };
}
