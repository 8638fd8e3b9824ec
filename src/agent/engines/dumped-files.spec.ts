import { describe, expect, it } from '@jest/globals';
import { rearm } from './dumped-files.js';

describe('rearm', () => {
  const message = (number: number, content: number[]): number[] => [
    ...tag((number << 3) | 2),
    content.length,
    ...content,
  ];
  const tag = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, value >>> 7]);
  const entry = (content: number[]): number[] => [content.length, 0, 0, 0, ...content];
  /** Fields 4 to 10 as CRIU writes them, after those that all files have. */
  const timer = (...values: number[]): number[] =>
    entry([
      ...[0x08, 17, 0x10, 5],
      ...message(12, [0x08, 5, 0x10, 0, ...message(3, [0x08, 0]), ...values.flatMap((v, i) => [(i + 4) << 3, v])]),
    ]);
  const file = entry([0x08, 1, 0x10, 4, ...message(3, [0x08, 4, 0x42, 3, 0x60, 0x05, 0x62])]);
  const image = (...entries: number[][]): Buffer => Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, ...entries.flat()]);

  it.each([
    ['periodic and expired: expires at once', [1, 3, 0, 0, 0, 0, 9], [1, 3, 0, 0, 1, 0, 9]],
    ['absolute: counts from now', [1, 0, 1, 60, 7, 0, 0], [1, 0, 0, 60, 7, 0, 0]],
    ['absolute and over: stays off', [1, 0, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0]],
    ['absolute, periodic and expired', [1, 3, 1, 0, 0, 2, 0], [1, 3, 0, 0, 1, 2, 0]],
  ])('%s', (_, before, after) => {
    const dumped = image(file, timer(...before), file);
    expect(rearm(dumped)).toBe(true);
    expect(dumped).toEqual(image(file, timer(...after), file));
  });

  it.each([
    ['one that has time to go', [1, 3, 0, 0, 5, 0, 9]],
    ['one that expires once', [1, 1, 0, 0, 0, 0, 0]],
    ['one that is off', [1, 0, 0, 0, 0, 0, 0]],
    ['one that ends when the clock is set', [0, 0, 3, 60, 0, 0, 0]],
  ])('leaves %s', (_, values) => {
    expect(rearm(image(timer(...values), file))).toBe(false);
  });
});
