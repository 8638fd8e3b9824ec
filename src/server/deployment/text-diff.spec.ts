import { unifiedDiff } from './text-diff.js';

const NAMES = { before: 'version 1', after: 'new version' };
const diff = (before: string, after: string): string => unifiedDiff(before, after, NAMES);

describe('a diff', () => {
  it('shows what changes and nothing else', () => {
    expect(diff('a\nb\nc\nd\ne\n', 'a\nB\nc\nd\ne\nf\n')).toBe(
      '--- version 1\n+++ new version\n@@ -2 +2 @@\n-b\n+B\n@@ -5,0 +6 @@\n+f\n',
    );
  });

  it('of equal texts is empty', () => expect(diff('a\n', 'a\n')).toBe(''));

  it('to or from nothing is the whole text', () => {
    expect(diff('', 'a\nb\n')).toContain('@@ -0,0 +1,2 @@\n+a\n+b\n');
    expect(diff('a\nb\n', '')).toContain('@@ -1,2 +0,0 @@\n-a\n-b\n');
  });

  it('keeps as much as it can', () => {
    expect(diff('x\na\nb\nc\n', 'a\nb\nc\nx\n')).toBe(
      '--- version 1\n+++ new version\n@@ -1 +0,0 @@\n-x\n@@ -4,0 +4 @@\n+x\n',
    );
  });
});
