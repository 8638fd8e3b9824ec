import { NotFoundException } from '@nestjs/common';
import { DomainError } from './domain-error.js';
import { toDomainError, toProblem } from './problem.filter.js';

const failure = (fields: object): Error => Object.assign(new Error('text with secret=1'), fields);

describe('toDomainError', () => {
  it.each([
    ['a unique violation', { code: '23505' }, 'conflict', 409],
    ['one wrapped by TypeORM', { driverError: { code: '23505' } }, 'conflict', 409],
    ['a missing reference', { code: '23503' }, 'in-use', 409],
    ['a deadlock', { code: '40P01' }, 'conflict', 409],
    ['a NUL byte', { code: '22021' }, 'malformed-request', 400],
    ['a number out of range', { code: '22003' }, 'malformed-request', 400],
    ['no connection', { code: 'ECONNREFUSED' }, 'database-unavailable', 503],
    ['a shutdown of the database', { code: '57P01' }, 'database-unavailable', 503],
    ['a database that is gone', { code: '3D000' }, 'database-unavailable', 503],
    ['a connection that ended', { message: 'Connection terminated unexpectedly' }, 'database-unavailable', 503],
    ['a full disk', { code: '53100' }, 'database-unavailable', 503],
    ['a mistake of ours in SQL', { code: '42601' }, 'internal-error', 500],
    ['too large a body', { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }, 'body-too-large', 413],
    ['a wrong type', { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 }, 'unsupported-media-type', 415],
    ['an error of ours', {}, 'internal-error', 500],
  ])('%s', (_, fields, code, status) => {
    const known = toDomainError(failure(fields));
    expect([known.code, known.status]).toEqual([code, status]);
    if (status >= 500) expect(known.message).not.toContain('secret');
  });

  it('keeps what is one of ours', () => {
    const error = new DomainError('not-found', 'There is none.');
    expect(toDomainError(error)).toBe(error);
  });

  it('takes things that are no errors', () => {
    for (const thrown of [undefined, null, 'text', 7]) expect(toDomainError(thrown).code).toBe('internal-error');
  });

  it('names the route there is none of, without its query', () => {
    const known = toDomainError(new NotFoundException(), { method: 'GET', url: '/x?token=secret' });
    expect(known.message).toContain('GET /x here');
    expect(known.message).not.toContain('secret');
  });

  it('becomes a problem', () => {
    expect(toProblem(new DomainError('name-taken', 'Taken.'), 'r1')).toEqual({
      type: 'urn:batchpoint:error:name-taken',
      title: 'The name is already in use',
      status: 409,
      detail: 'Taken.',
      code: 'name-taken',
      requestId: 'r1',
      errors: [],
    });
  });
});
