import { gzipSync } from 'node:zlib';
import { decodeUserData, ecsSetting } from './user-data.js';

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');

describe('user data', () => {
  it.each([
    ['plain', base64('#!/bin/sh\n'), '#!/bin/sh\n'],
    ['packed', base64(gzipSync('#!/bin/sh\n')), '#!/bin/sh\n'],
    ['packed and broken', base64(gzipSync('#!/bin/sh\n').subarray(0, 12)), null],
    ['packed without end', base64(gzipSync(Buffer.alloc(8 * 1024 * 1024))), null],
    ['with what no text column holds', base64('a\0b'), 'ab'],
    ['none', null, null],
    ['empty', '', null],
  ])('%s', (_, given, expected) => {
    expect(decodeUserData(given)).toBe(expected);
  });

  it('is kept without tokens of ours', () => {
    expect(decodeUserData(base64('T=bpj_Zm9yIGV4YW1wbGUgb25seQ U=bp_0123456789abcdef0123 bp_short'))).toBe(
      'T=bpj_... U=bp_... bp_short',
    );
  });

  it.each([
    ['ECS_X=1', '1'],
    ['echo ECS_X=1 >> /etc/ecs/ecs.config', '1'],
    ["echo 'ECS_X=1' >> /etc/ecs/ecs.config\nECS_X=2", '2'],
    ['ECS_X="2m"', '2m'],
    ['# ECS_X=1', null],
    ['ECS_XY=1', null],
  ])('%j sets ECS_X to %j', (text, expected) => {
    expect(ecsSetting(text, 'ECS_X')).toBe(expected);
  });
});
