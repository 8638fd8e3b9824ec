import { INSTANCE_TYPE_PATTERN, isAllowed, parseInstanceType } from './instance-type-name.js';

describe('an instance type’s name', () => {
  it.each([
    ['m6i.2xlarge', 'm6i', 'x86_64'],
    ['m6a.large', 'm6a', 'x86_64'],
    ['c5.metal', 'c5', 'x86_64'],
    ['g4dn.xlarge', 'g4dn', 'x86_64'],
    ['g5', 'g5', 'x86_64'],
    ['m7i-flex.large', 'm7i-flex', 'x86_64'],
    ['p4d.24xlarge', 'p4d', 'x86_64'],
    ['hpc6a.48xlarge', 'hpc6a', 'x86_64'],
    ['m7g.medium', 'm7g', 'aarch64'],
    ['c7gn.xlarge', 'c7gn', 'aarch64'],
    ['x2gd.large', 'x2gd', 'aarch64'],
    ['im4gn.large', 'im4gn', 'aarch64'],
    ['is4gen.large', 'is4gen', 'aarch64'],
    ['g5g.xlarge', 'g5g', 'aarch64'],
    ['hpc7g.4xlarge', 'hpc7g', 'aarch64'],
    ['a1.medium', 'a1', 'aarch64'],
    ['p6e-gb200.36xlarge', 'p6e-gb200', 'aarch64'],
  ])('%s: family %s, %s', (name, family, architecture) => {
    expect(name).toMatch(INSTANCE_TYPE_PATTERN);
    expect(parseInstanceType(name)).toEqual({ family, architecture });
  });

  it.each(['optimal', 'default_x86_64', 'default_arm64'])('%s is a group of AWS Batch’s own', (name) => {
    expect(name).toMatch(INSTANCE_TYPE_PATTERN);
    expect(parseInstanceType(name)).toBeNull();
  });

  it.each(['', 'm6i.', '.large', 'M6i.large', 'm6i large', 'm.large', 'm6i.large.extra', 'm6i;', 'any'])(
    '%j is none',
    (name) => {
      expect(name).not.toMatch(INSTANCE_TYPE_PATTERN);
    },
  );
});

describe('a list of instance types', () => {
  it.each([
    ['m6i.large', ['m6i.large'], true],
    ['m6i.large', ['m6i'], true],
    ['m6i.large', ['optimal'], true],
    ['m6i.large', ['m6i.xlarge', 'm6'], false],
    ['m6id.large', ['m6i'], false],
  ])('%s is allowed by %j: %s', (type, allowed, expected) => {
    expect(isAllowed(type, allowed)).toBe(expected);
  });
});
