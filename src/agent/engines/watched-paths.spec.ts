import { describe, expect, it } from '@jest/globals';
import { watches } from './watched-paths.js';

describe('watches', () => {
  it('reads inodes and devices from the kernel, in hexadecimal and in its own form of a device', () => {
    const fdinfo = [
      'pos:\t0',
      'flags:\t04000',
      'inotify wd:2 ino:1f sdev:3f mask:100 ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:1f00',
      'inotify wd:1 ino:2000000000000001 sdev:800102 mask:100 ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:00',
    ].join('\n');
    expect(watches(fdinfo)).toEqual([
      { device: 0x3f, inode: 0x1fn },
      { device: 0x100802, inode: 0x2000000000000001n },
    ]);
  });
});
