import fc from 'fast-check';
import { covers, overlaps, parsePattern, type Pattern } from './policy-pattern.js';

const pattern = (text: string): Pattern => parsePattern(text);
/** Few letters, so that they meet. */
const patternText = fc.string({ unit: fc.constantFrom('a', 'b', ':', '*', '?'), maxLength: 8 });
const plainText = fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 8 });
/** The same rule by other means. */
const matches = (glob: string, text: string): boolean =>
  new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(text);
/** A text that fits the pattern: each wildcard filled from `fill`. */
function filled(glob: string, fill: readonly string[]): string {
  let next = 0;
  const take = (): string => fill[next++ % fill.length]!;
  return glob.replaceAll(/[*?]/g, (wildcard) => (wildcard === '*' ? take() : (take() + 'a').charAt(0)));
}

describe('patterns of policies', () => {
  it.each([
    ['*', 'anything'],
    ['ec2:*', 'ec2:DescribeVolumes'],
    ['ec2:Describe*', 'ec2:DescribeVolumes'],
    ['ec2:Describe?olumes', 'ec2:DescribeVolumes'],
    ['arn:aws:ec2:*:123456789012:volume/*', 'arn:aws:ec2:us-east-1:123456789012:volume/*'],
    ['arn:aws:s3:::jobs-*', 'arn:aws:s3:::jobs-?'],
  ])('%s covers %s', (one, other) => {
    expect(covers(pattern(one), pattern(other))).toBe(true);
  });

  it.each([
    ['ec2:Describe*', 'ec2:DeleteVolume'],
    ['arn:aws:ec2:us-east-1:123456789012:volume/vol-1', 'arn:aws:ec2:us-east-1:123456789012:volume/*'],
    ['arn:aws:s3:::jobs-?', 'arn:aws:s3:::jobs-*'],
    ['?', '*'],
    ['', '*'],
  ])('%s does not cover %s', (one, other) => {
    expect(covers(pattern(one), pattern(other))).toBe(false);
  });

  it.each([
    ['volume/vol-1', 'volume/*', true],
    ['*-prod', 'jobs-*', true],
    ['a*', 'b*', false],
    ['a?', 'a', false],
    ['*', '', true],
  ])('%s and %s overlap: %s', (one, other, expected) => {
    expect(overlaps(pattern(one), pattern(other))).toBe(expected);
  });

  it('read plain texts as any glob does', () => {
    fc.assert(
      fc.property(patternText, plainText, (glob, text) => {
        expect(covers(pattern(glob), pattern(text))).toBe(matches(glob, text));
        expect(overlaps(pattern(glob), pattern(text))).toBe(matches(glob, text));
      }),
    );
  });

  it('cover only what every text of the other fits', () => {
    fc.assert(
      fc.property(patternText, patternText, fc.array(plainText, { minLength: 1, maxLength: 4 }), (one, other, fill) => {
        const text = filled(other, fill);
        if (covers(pattern(one), pattern(other))) expect(matches(one, text)).toBe(true);
        if (matches(one, text)) expect(overlaps(pattern(one), pattern(other))).toBe(true);
      }),
    );
  });

  it('cover themselves, overlap both ways alike, and overlap what they cover', () => {
    fc.assert(
      fc.property(patternText, patternText, (one, other) => {
        expect(covers(pattern(one), pattern(one))).toBe(true);
        expect(overlaps(pattern(one), pattern(other))).toBe(overlaps(pattern(other), pattern(one)));
        if (covers(pattern(one), pattern(other))) expect(overlaps(pattern(one), pattern(other))).toBe(true);
      }),
    );
  });

  it('put in variables that are known, and say when one is not', () => {
    const valueOf = (name: string): string | undefined => (name === 'aws:username' ? 'anna*' : undefined);
    const known = parsePattern('home/${aws:username}/x', valueOf);
    expect(known.certain).toBe(true);
    expect(covers(known, { tokens: [...'home/anna*/x'], certain: true })).toBe(true);
    expect(covers(known, pattern('home/annabel/x'))).toBe(false);
    expect(parsePattern('home/${aws:userid}', valueOf).certain).toBe(false);
    expect(parsePattern('${*}${$}')).toEqual({ tokens: ['*', '$'], certain: true });
  });
});
