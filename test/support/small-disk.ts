import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HOSTS_DIR, RUN_VARIABLE } from './leftovers.js';

const run = promisify(execFile);

/** A small file system of its own, so that it can really run full: ext4 on a loop device, or tmpfs. */
export class SmallDisk {
  private static count = 0;

  private constructor(
    private readonly dir: string,
    readonly mountPath: string,
  ) {}

  static async create(type: 'ext4' | 'tmpfs', mebibytes: number): Promise<SmallDisk> {
    const testRun = (process.env[RUN_VARIABLE] ??= process.pid.toString(36));
    this.count += 1;
    const dir = join(HOSTS_DIR, `${testRun}.disk${process.pid.toString(36)}${this.count}`);
    const disk = new SmallDisk(dir, join(dir, 'mnt'));
    mkdirSync(disk.mountPath, { recursive: true });
    if (type === 'tmpfs') {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', disk.mountPath]);
    } else {
      const image = join(dir, 'image');
      await run('truncate', ['-s', `${mebibytes}M`, image]);
      await run('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
      await run('mount', ['-o', 'loop', image, disk.mountPath]);
    }
    return disk;
  }

  /** Takes the last free byte. */
  async fill(): Promise<void> {
    const file = await open(join(this.mountPath, 'filler'), 'a');
    try {
      for (let bytes = 1024 * 1024; bytes >= 1; bytes >>= 1) {
        const chunk = Buffer.alloc(bytes);
        while (await written(file, chunk));
      }
    } finally {
      await file.close();
    }
  }

  async makeRoom(): Promise<void> {
    await rm(join(this.mountPath, 'filler'), { force: true });
  }

  async remove(): Promise<void> {
    await run('umount', ['-l', this.mountPath]).catch(() => undefined);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

async function written(file: FileHandle, chunk: Buffer): Promise<boolean> {
  try {
    await file.appendFile(chunk);
    await file.sync();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
