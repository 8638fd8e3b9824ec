import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validate, type ValidationError } from 'class-validator';
import { DomainError, type FieldError } from './domain-error.js';

/** Deeper than any request of ours; guards the recursive libraries below against hostile nesting. */
const MAX_DEPTH = 20;

/**
 * The one pipe. Every body and query must be exactly its DTO: unknown members are refused by name, nothing is converted
 * unless the field says so (`fields.ts`).
 */
@Injectable()
export class StrictPipe implements PipeTransform {
  async transform(value: unknown, { type, metatype, data }: ArgumentMetadata): Promise<unknown> {
    if (type === 'custom') return value;
    const prefix = type === 'query' ? '?' : '/';
    if (type === 'param') refuseUnstorable(value, `path/${data ?? ''}`);
    if (metatype === undefined || [String, Number, Boolean, Object, Array].includes(metatype as never)) return value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw validationFailed([{ pointer: '', code: 'required', detail: 'The body must be a JSON object.' }]);
    }
    const instance = plainToInstance(metatype as new () => object, value);
    const found = await validate(instance, {
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: false,
      stopAtFirstError: true,
      validationError: { target: false },
    });
    if (found.length > 0) throw validationFailed(found.flatMap((error) => fieldErrors(error, prefix, '')));
    return instance;
  }
}

export function validationFailed(errors: FieldError[]): DomainError {
  const [first] = errors;
  const rest = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new DomainError('validation-failed', `${first?.detail ?? 'The request is invalid'}${rest}`, { errors });
}

export function fieldErrors(error: ValidationError, prefix: string, path: string): FieldError[] {
  const here = path === '' ? error.property : `${path}/${error.property}`;
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]): FieldError => {
    const pointer = `${prefix}${here}`;
    if (rule === 'whitelistValidation') {
      const what = prefix === '?' ? 'query parameter' : 'field';
      return { pointer, code: 'unknown', detail: `There is no ${what} "${here}" here.` };
    }
    if (error.value === undefined) return { pointer, code: 'required', detail: `${here} is required.` };
    return { pointer, code: kebab(rule), detail: `${message}.` };
  });
  return [...own, ...(error.children ?? []).flatMap((child) => fieldErrors(child, prefix, here))];
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * Refuses text that PostgreSQL cannot store and nesting that recursive code could not take. Bodies and queries come here
 * first of all (`request-parameters.interceptor.ts`).
 */
export function refuseUnstorable(value: unknown, at: string): void {
  const bad = findUnstorable(value, at);
  if (bad !== undefined) throw validationFailed([bad]);
}

/** The first text that cannot be stored, or nesting beyond reason. Iterative on purpose. */
function findUnstorable(root: unknown, at: string): FieldError | undefined {
  const queue: { value: unknown; pointer: string; depth: number }[] = [{ value: root, pointer: at, depth: 0 }];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { value, pointer, depth } = next;
    if (typeof value === 'string') {
      if (isUnstorable(value)) {
        return { pointer, code: 'encoding', detail: 'Text must not hold NUL characters or broken Unicode.' };
      }
    } else if (typeof value === 'object' && value !== null) {
      if (depth >= MAX_DEPTH)
        return { pointer: '', code: 'depth', detail: `The body is nested deeper than ${MAX_DEPTH} levels.` };
      for (const [key, child] of Object.entries(value)) {
        if (isUnstorable(key))
          return { pointer, code: 'encoding', detail: 'Names must not hold NUL characters or broken Unicode.' };
        queue.push({ value: child, pointer: `${pointer}/${key}`, depth: depth + 1 });
      }
    }
  }
  return undefined;
}

function isUnstorable(text: string): boolean {
  return text.includes('\0') || !text.isWellFormed();
}
