import { describe, expect, it } from '@jest/globals';
import { parseCreateCall } from './create-call.js';

describe('parseCreateCall', () => {
  it('reads what containerd passes', () => {
    const words =
      '--root /run/docker/runtime-runc/moby --log /l.json --log-format json --systemd-cgroup create --bundle /b --pid-file /b/init.pid';
    expect(parseCreateCall([...words.split(' '), '--console-socket', '/tmp/a b', '--no-pivot', 'abc'])).toEqual({
      globalOptions: ['--systemd-cgroup'],
      root: '/run/docker/runtime-runc/moby',
      bundle: '/b',
      id: 'abc',
      pidFile: '/b/init.pid',
      consoleSocket: '/tmp/a b',
      createOptions: ['--no-pivot'],
    });
  });

  it('reads every spelling runc takes', () => {
    expect(
      parseCreateCall(['--root=/r', '-rootless=true', 'create', '-b', '/b', '--pid-file=/p=q', 'abc']),
    ).toMatchObject({
      globalOptions: ['--rootless=true'],
      root: '/r',
      bundle: '/b',
      pidFile: '/p=q',
      id: 'abc',
    });
  });

  it("falls back on runc's defaults", () => {
    expect(parseCreateCall(['create', 'abc'])).toMatchObject({
      root: '/run/runc',
      bundle: process.cwd(),
      pidFile: null,
      consoleSocket: null,
    });
  });

  it.each([[['start', 'abc']], [['create', '--bundle', '/b']], [[]]])('refuses %j', (words) => {
    expect(() => parseCreateCall(words)).toThrow(/create/);
  });
});
