import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findBindMountFile } from './bind-mount-file.js';
import { Bundle } from './bundle.js';

describe('a bundle', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'bp-bundle-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function bundle(mounts: object[]): Bundle {
    // As Docker writes it: one line, and a limit that JavaScript's numbers do not hold.
    const spec = {
      process: { env: ['A=1=2', 'A=3'] },
      root: { path: 'rootfs' },
      mounts,
      linux: { namespaces: [{ type: 'pid' }] },
    };
    writeFileSync(
      join(directory, 'config.json'),
      JSON.stringify(spec).replace('"linux":{', '"linux":{"limit":18446744073709551615,'),
    );
    return Bundle.read(directory);
  }

  it("knows the mounts the job asked for, not Docker's own", () => {
    const own = `${directory}/containers/abc`;
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'config.v2.json'), '{"Image":"sha256:123"}');
    const found = bundle([
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/etc/resolv.conf', type: 'bind', source: `${own}/resolv.conf`, options: ['rbind'] },
      { destination: '/dev/shm', type: 'bind', source: `${own}/mounts/shm`, options: ['rbind'] },
      { destination: '/sbin/docker-init', type: 'bind', source: '/usr/bin/docker-init', options: ['bind', 'ro'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid'] },
      { destination: '/data', type: 'bind', source: '/mnt/data', options: ['rbind', 'ro'] },
    ]);
    expect(found.bindMounts).toEqual([{ destination: '/data', source: '/mnt/data', readOnly: true }]);
    expect(found.dockerImageId()).toBe('sha256:123');
    expect(found.environment).toEqual({ A: '3' });
  });

  it('resolves links in mount sources and changes nothing else; put back, it is the same to the byte', () => {
    writeFileSync(join(directory, 'real'), '');
    symlinkSync('real', join(directory, 'link'));
    const found = bundle([
      { destination: '/a', source: join(directory, 'link') },
      { destination: '/b', source: '/not/there' },
    ]);
    const before = found.readConfig();
    found.resolveMountSources();
    const after = found.readConfig().toString();
    expect(after).toBe(before.toString().replace(join(directory, 'link'), join(directory, 'real')));
    expect(after).toContain('18446744073709551615');
    Bundle.putConfigBack(directory, before);
    expect(readFileSync(join(directory, 'config.json')).equals(before)).toBe(true);
  });

  it('never follows a link out of a mount when it looks for a file of the job', () => {
    mkdirSync(join(directory, 'mount'));
    writeFileSync(join(directory, 'secret'), 'x'.repeat(100));
    symlinkSync('../secret', join(directory, 'mount', 'log'));
    writeFileSync(join(directory, 'mount', 'fine'), '12345');
    const mounts = [{ destination: '/data', source: join(directory, 'mount'), readOnly: false }];
    const find = (path: string, bytes: number): unknown =>
      findBindMountFile({ destination: '/data', path, bytes }, mounts);
    expect(find('fine', 3)).toEqual({ path: join(directory, 'mount', 'fine'), bytes: 5, recordedBytes: 3 });
    expect(() => find('log', 3)).toThrow('a link out of its mount');
    expect(() => find('../secret', 3)).toThrow('a link out of its mount');
    expect(() => find('gone', 3)).toThrow('is not on this host');
    expect(() => find('fine', 6)).toThrow('has 5 bytes, fewer than the 6');
    expect(() => findBindMountFile({ destination: '/other', path: 'x', bytes: 0 }, mounts)).toThrow(
      'a mount this container does not have',
    );
  });
});
