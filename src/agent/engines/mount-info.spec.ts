import { expect, it } from '@jest/globals';
import { containingMount, overlayOf, parseMountInfo } from './mount-info.js';

const TABLE = String.raw`22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:40 / /mnt/efs rw shared:1 - nfs4 fs-1:/ rw,vers=4.1
31 22 0:41 /sub /mnt/a\040b rw - tmpfs tmpfs rw
40 22 0:50 / /merged rw - overlay overlay rw,lowerdir=/l/A:/l/B,upperdir=/up\134,per/diff,workdir=/up\134,per/work
41 22 0:51 / /merged rw - overlay overlay rw,lowerdir=/l/A,upperdir=/second/diff,workdir=/second/work
`;

it('reads the table, with spaces in paths', () => {
  const mounts = parseMountInfo(TABLE);
  expect(mounts).toHaveLength(5);
  expect(mounts[2]).toMatchObject({ id: 31, device: '0:41', root: '/sub', mountPoint: '/mnt/a b', type: 'tmpfs' });
});

it('finds the mount a path lies on, not one whose name merely begins alike', () => {
  const mounts = parseMountInfo(TABLE);
  expect(containingMount(mounts, '/mnt/efs/batchpoint')?.type).toBe('nfs4');
  expect(containingMount(mounts, '/mnt/efs')?.type).toBe('nfs4');
  expect(containingMount(mounts, '/mnt/efs2')?.type).toBe('ext4');
  expect(containingMount([], '/x')).toBeNull();
});

it('finds the overlay on top, and unescapes its options', () => {
  const mounts = parseMountInfo(TABLE);
  expect(overlayOf(mounts, '/merged')).toMatchObject({ upperDir: '/second/diff', workDir: '/second/work' });
  expect(overlayOf(mounts.slice(0, 4), '/merged')?.upperDir).toBe('/up,per/diff');
  expect(overlayOf(mounts, '/')).toBeNull();
  expect(overlayOf(mounts, '/nowhere')).toBeNull();
});
