import { ERROR_CODES, type ErrorCode } from './error-codes.js';

/** One thing wrong with a request. */
export interface FieldError {
  /** Where: `/policy/interval` in the body, `?pageSize` in the query, `header:If-Match`. */
  pointer: string;
  code: string;
  detail: string;
}

/**
 * What services throw. `detail` says in one or two sentences what is wrong and what to do about it; the code fixes the
 * HTTP status (`error-codes.ts`). Services know nothing else of HTTP.
 */
export class DomainError extends Error {
  readonly errors: FieldError[];
  readonly headers: Record<string, string>;

  constructor(
    readonly code: ErrorCode,
    detail: string,
    options: { errors?: FieldError[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause });
    this.name = 'DomainError';
    this.errors = options.errors ?? [];
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }
}

/** A body field that only the service could find wrong: 400, as if validation had. */
export function invalidField(pointer: string, detail: string, code = 'invalid'): DomainError {
  return new DomainError('validation-failed', detail, { errors: [{ pointer, code, detail }] });
}
