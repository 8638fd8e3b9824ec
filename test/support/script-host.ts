import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { driverOf } from '../../src/server/storage/storage-drivers.js';
import { validateSettings } from '../../src/server/storage/settings-validation.js';
import type { StorageKind } from '../../src/server/storage/storage-kind.js';
import { installMountHelpers } from '../fakes/fake-mount-helpers.js';

export interface ScriptRun {
  /** Shell commands first and last, in the same namespace. */
  before?: string;
  after?: string;
  times?: number;
  argument?: string;
  env?: Record<string, string>;
}

/** Runs mount scripts as root in a mount namespace of their own, with /etc, /run and /var/cache of their own. */
export class ScriptHost {
  readonly root = mkdtempSync(join(tmpdir(), 'bp-mount-'));
  readonly target = join(this.root, 'target');
  /** What the stand-ins mount. */
  readonly shared = join(this.root, 'shared');
  readonly link = join(this.root, 'mmc-checkpoint');

  constructor() {
    for (const directory of ['etc/systemd/system', 'run', 'cache', 'shared'])
      mkdirSync(this.path(directory), { recursive: true });
    writeFileSync(this.path('etc/fstab'), 'UUID=1 / ext4 defaults 0 1\n');
    installMountHelpers(this.root);
  }

  script(kind: StorageKind, settings: object): string {
    const driver = driverOf(kind);
    const checked = validateSettings(driver, settings);
    if (checked.settings === null) throw new Error(JSON.stringify(checked.errors));
    const script = driver.mountScript({
      id: 'stor_1',
      name: 'checkpoints',
      mountPath: this.target,
      settings: driver.publicSettings(checked.settings),
    });
    return script.replace('link=/mmc-checkpoint', `link=${this.link}`);
  }

  run(script: string, { before = '', after = '', times = 1, argument = '', env = {} }: ScriptRun = {}) {
    writeFileSync(this.path('script'), script);
    const body = `set -e
      for d in etc run; do mount --bind ${this.root}/$d /$d; done; mount --bind ${this.root}/cache /var/cache
      ${before}
      export PATH=${this.root}/bin:$PATH
      for i in $(seq ${times}); do sh ${this.root}/script ${argument}; done
      ${after}`;
    const { status, stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', body], {
      encoding: 'utf8',
      env: { ...process.env, SHARED: this.shared, PASSWORD: 'hunter2', ...env },
    });
    return { status, output: stdout + stderr };
  }

  path(name: string): string {
    return join(this.root, name);
  }

  /** Empty where it was not written. */
  read(name: string): string {
    return existsSync(this.path(name)) ? readFileSync(this.path(name), 'utf8') : '';
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
