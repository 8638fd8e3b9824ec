import { ID_PREFIXES, idPattern, type IdKind, isId, newId } from './ids.js';

const kinds = Object.keys(ID_PREFIXES) as IdKind[];

describe('ids', () => {
  it.each(kinds)('of a %s carry its prefix and match its pattern, and no other kind’s', (kind) => {
    const id = newId(kind);
    expect(id).toMatch(new RegExp(idPattern(kind)));
    expect(kinds.filter((other) => isId(other, id))).toEqual([kind]);
  });

  it('have prefixes of their own', () => {
    expect(new Set(Object.values(ID_PREFIXES)).size).toBe(kinds.length);
  });

  it('sort by creation', () => {
    const ids = Array.from({ length: 1000 }, () => newId('job'));
    expect(ids.toSorted()).toEqual(ids);
  });

  it.each([
    '',
    'job_',
    'job_1',
    'host_019aa0b4-6f0c-7c3e-9b1f-1d2f3a4b5c6d ',
    ' job_019aa0b4-6f0c-7c3e-9b1f-1d2f3a4b5c6d',
  ])('%j is no job id', (text) => {
    expect(isId('job', text)).toBe(false);
  });
});
