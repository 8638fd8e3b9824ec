import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync, statSync, writeSync, ftruncateSync } from 'node:fs';
import { join } from 'node:path';

export class StateDirectoryInUseError extends Error {
  constructor(stateDir: string, holder: string) {
    super(
      `another agent${holder ? ` (pid ${holder})` : ''} uses the state directory ${stateDir}; stop it, or give this one its own ` +
        'with BATCHPOINT_STATE_DIR',
    );
    this.name = 'StateDirectoryInUseError';
  }
}

/**
 * Keeps a second agent out of a state directory. The lock is flock(2) on an open file: it belongs to the open file
 * description, so `flock -n 3` in a child takes it *for this process*, and the kernel lets go of it when this process
 * ends, however it ends. The number in the file is for people.
 */
export class StateLock {
  private constructor(
    private readonly path: string,
    private readonly fd: number,
  ) {}

  /** Throws {@link StateDirectoryInUseError}. */
  static acquire(stateDir: string): StateLock {
    const path = join(stateDir, 'lock');
    const fd = openSync(path, 'a+', 0o600);
    const tried = spawnSync('flock', ['--nonblock', '--exclusive', '3'], { stdio: ['ignore', 'ignore', 'pipe', fd] });
    if (tried.status !== 0) {
      const holder = readFileSync(path, 'utf8').trim();
      closeSync(fd);
      if (tried.error)
        throw new Error(`cannot lock ${path}: ${tried.error.message}; install flock (package util-linux)`);
      throw new StateDirectoryInUseError(stateDir, holder);
    }
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`);
    return new StateLock(path, fd);
  }

  /** False once the directory was replaced or restored under us: whoever locks the new one is the owner then. */
  stillHeld(): boolean {
    try {
      const [ours, there] = [fstatSync(this.fd), statSync(this.path)];
      return ours.ino === there.ino && ours.dev === there.dev;
    } catch {
      return false;
    }
  }

  release(): void {
    closeSync(this.fd);
  }
}
