import { checkVersion, etagOf, parseIfMatch } from './etag.js';

describe('If-Match', () => {
  it.each([
    [undefined, undefined],
    ['*', undefined],
    ['"3"', [3]],
    ['"3", "4"', [3, 4]],
    ['W/"3"', []],
    ['3', []],
    ['"abc"', []],
    ['', []],
  ])('%j accepts %j', (header, versions) => {
    expect(parseIfMatch(header)).toEqual(versions);
  });

  it('lets through only what it names', () => {
    expect(() => checkVersion({ version: 3 }, parseIfMatch(etagOf(3)))).not.toThrow();
    expect(() => checkVersion({ version: 3 }, undefined)).not.toThrow();
    for (const header of ['"2"', 'W/"3"', 'x']) {
      expect(() => checkVersion({ version: 3 }, parseIfMatch(header))).toThrow(
        expect.objectContaining({ code: 'version-mismatch' }),
      );
    }
  });
});
