import fc from 'fast-check';
import { formatDuration, InvalidDurationError, parseDuration } from './duration.js';

describe('parseDuration', () => {
  it.each([
    ['15m', 900_000],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['1h0m0s', 3_600_000],
    ['500ms', 500],
    ['0s', 0],
    ['168h', 604_800_000],
    ['0.1s', 100],
    ['1m1m', 120_000],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    '15',
    'm',
    '-5m',
    '+5m',
    '5 m',
    '15m ',
    '1d',
    '5M',
    '1,5h',
    '.5h',
    '5.h',
    '1e3s',
    'P1D',
    '15min',
    '１m',
    '5m\n',
  ])('refuses %j, saying what to write instead', (text) => {
    expect(() => parseDuration(text)).toThrow(InvalidDurationError);
    expect(() => parseDuration(text)).toThrow(`"${text}" is not a duration; write for example 15m, 90s or 1h30m`);
  });

  it('adds up its parts, whatever they are', () => {
    const part = fc.tuple(
      fc.nat({ max: 10_000 }),
      fc.constantFrom(['ms', 1], ['s', 1000], ['m', 60_000], ['h', 3_600_000]),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const text = parts.map(([amount, [unit]]) => `${amount}${unit}`).join('');
        const ms = parts.reduce((sum, [amount, [, size]]) => sum + amount * (size as number), 0);
        expect(parseDuration(text)).toBe(ms);
      }),
    );
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [1, '1ms'],
    [900_000, '15m'],
    [5_400_000, '1h30m'],
    [90_061_001, '25h1m1s1ms'],
    [999.6, '1s'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('writes what parseDuration reads back', () => {
    fc.assert(fc.property(fc.nat(), (ms) => expect(parseDuration(formatDuration(ms))).toBe(ms)));
  });
});
