import { mountPathProblem } from './mount-path.js';

describe('a mount path', () => {
  it.each(['/mnt/batchpoint', '/var/lib/batchpoint', '/mmc-checkpoint', '/data', '/tmp/batchpoint', '/mnt/a.b_c-d/1'])(
    'may be %s',
    (path) => {
      expect(mountPathProblem(path)).toBeNull();
    },
  );

  it.each([
    '',
    '/',
    'mnt',
    './mnt',
    '/mnt/',
    '/mnt//x',
    '/mnt/..',
    '/mnt/../etc',
    '/mnt/.hidden',
    '/mnt/a b',
    "/mnt/a'b",
    '/mnt/$HOME',
    '/mnt/é',
    '/mnt\n',
    `/${'a'.repeat(200)}`,
  ])('must not be %j', (path) => {
    expect(mountPathProblem(path)).toMatch(/must be an absolute path/);
  });

  it.each(['/etc', '/usr/local', '/proc/1', '/dev/shm', '/root/x', '/run/batchpoint', '/lib64'])(
    'must not lie in a system directory: %s',
    (path) => {
      expect(mountPathProblem(path)).toBe(
        `mountPath must not lie in a system directory (${path}); use for example /mnt/batchpoint`,
      );
    },
  );

  it.each(['/mnt', '/var', '/var/lib', '/tmp', '/home'])('must not be %s itself', (path) => {
    expect(mountPathProblem(path)).toBe(
      `mountPath must not be ${path} itself; use a directory in it, such as ${path}/batchpoint`,
    );
  });

  it('may begin like a system directory', () => {
    expect(mountPathProblem('/etcetera')).toBeNull();
  });
});
