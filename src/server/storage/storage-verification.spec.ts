import { storageStatus } from './storage-status.js';
import { judge, type VerifiedHost } from './storage-verification.js';

const host = (name: string, sees: string[], failure: VerifiedHost['failure'] = null): VerifiedHost => ({
  hostId: `host_${name}`,
  hostName: name,
  sees: sees.map((other) => `host_${other}`),
  failure,
});

describe('the verdict on a storage', () => {
  it('is shared when all see all', () => {
    expect(judge([host('a', ['a', 'b', 'c']), host('b', ['c', 'b', 'a']), host('c', ['a', 'b', 'c'])])).toEqual({
      verdict: 'shared',
      message: 'All 3 hosts read what each of the others wrote.',
    });
  });

  it('is read-back for one host alone, and says that sharing is not proven', () => {
    const { verdict, message } = judge([host('a', ['a'])]);
    expect(verdict).toBe('read-back');
    expect(message).toContain('whether other hosts see the same files is not proven');
  });

  it('is not-shared when one does not see another, naming both', () => {
    expect(judge([host('a', ['a', 'b']), host('b', ['b'])])).toEqual({
      verdict: 'not-shared',
      message: 'The storage is not one and the same on all hosts: b does not see what a writes.',
    });
  });

  it('is not-shared when each sees itself only: two local directories of the same name', () => {
    expect(judge([host('a', ['a']), host('b', ['b'])]).message).toContain(
      'a does not see what b writes; b does not see what a writes',
    );
  });

  it('is not-shared when a host does not even read back its own', () => {
    expect(judge([host('a', [])])).toMatchObject({
      verdict: 'not-shared',
      message: expect.stringContaining('a does not read back what it writes'),
    });
  });

  it('is failed when some host cannot use it, whatever the others see', () => {
    const failure = { code: 'storage-not-mounted' as const, message: 'nothing is mounted at /mnt/x' };
    expect(judge([host('a', ['a', 'b']), host('b', ['a', 'b']), host('c', [], failure)])).toEqual({
      verdict: 'failed',
      message: '1 of 3 hosts could not use the storage (c: nothing is mounted at /mnt/x).',
    });
  });

  it('names five of many, and how many more', () => {
    const names = ['a', 'b', 'c', 'd'];
    expect(judge(names.map((name) => host(name, [name]))).message).toMatch(/ and 7 more\.$/);
  });
});

describe('the status of a storage', () => {
  it('is unverified before anything was measured', () => {
    expect(storageStatus({ kind: 'nfs', lastVerification: null })).toMatchObject({
      state: 'unverified',
      checkedAt: null,
    });
  });

  it('is the last verdict, with its time', () => {
    const lastVerification = {
      operationId: 'op_1',
      finishedAt: '2026-01-31T12:00:00.000Z',
      ...judge([host('a', ['a'])]),
      hosts: [],
    };
    expect(storageStatus({ kind: 'local', lastVerification })).toMatchObject({
      state: 'read-back',
      checkedAt: '2026-01-31T12:00:00.000Z',
    });
  });

  it('of a kind each host has for itself says that there is nothing to verify', () => {
    const status = storageStatus({ kind: 'ebs', lastVerification: null });
    expect(status.state).toBe('host-only');
    expect(status.message).toContain('Nothing is shared');
  });
});
