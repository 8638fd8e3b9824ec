import { execFile } from 'node:child_process';
import type { Logger } from 'pino';
import type { AgentStorage, StorageHealth } from '../protocol/agent-api.js';
import { toFailure } from '../protocol/failure.js';
import { ImageStore } from './image-store/image-store.js';
import { exchangeCanaries } from './image-store/host-canaries.js';
import { checkMounted, fileSystemOf } from './image-store/storage-mount.js';
import { storeRoot } from './image-store/store-layout.js';

const PROBE_LIMIT_MS = 10_000;
/** How often this host shows itself to the others, and looks for them. */
const CANARY_EVERY_MS = 60_000;

/**
 * Calls into a hung network file system never return and take a thread with them, of which Node has four for all its
 * files: so a process of its own goes first. Does the path answer at all? $1 the mount path.
 */
const LOOK = '[ ! -e "$1" ] || stat -f "$1" >/dev/null';

/** Writes, flushes, reads back, removes; a path that needs no mount is made by the store. $1 the mount path, $2 the store's root, $3 a file name of this host's own. */
const WRITE = `set -e
[ -e "$1" ] || exit 0
if [ -d "$2" ]; then d=$2; else d=$1; fi
f=$d/.probe-$3
echo probe | dd of="$f" conv=fsync status=none
[ "$(cat "$f")" = probe ]
rm -f "$f"`;

/** Is the checkpoint storage usable on this host, now? Asked at an interval; never hangs with the storage. */
export class StorageMonitor {
  private hostId = '';
  private storage: AgentStorage | null = null;
  private opened: ImageStore | null = null;
  private known: StorageHealth | null = null;
  private canaries: { seen: string[]; at: number } | null = null;
  private hanging: Promise<void> | null = null;
  private checking: Promise<unknown> = Promise.resolve();

  /** `prepare` runs before a store is handed out for the first time; when it throws, the storage is not ready yet. */
  constructor(
    private readonly log: Logger,
    private readonly prepare: (store: ImageStore) => Promise<void> = () => Promise.resolve(),
    private readonly limitMs = PROBE_LIMIT_MS,
    private readonly canaryEveryMs = CANARY_EVERY_MS,
  ) {}

  /** The storage of the configuration in force. A change forgets what was known of the one before. */
  use(storage: AgentStorage | null, hostId: string): void {
    this.hostId = hostId;
    if (JSON.stringify(storage) === JSON.stringify(this.storage)) return;
    this.storage = storage;
    this.opened = null;
    this.known = null;
    this.canaries = null;
  }
  /** What the last check found; null without a storage or before its first check. */
  get health(): StorageHealth | null {
    return this.known;
  }

  get mountPath(): string | null {
    return this.storage?.mountPath ?? null;
  }

  get storageId(): string | null {
    return this.storage?.id ?? null;
  }

  /** The store while the storage is ready, else null. */
  get store(): ImageStore | null {
    return this.known?.ready === true ? this.opened : null;
  }

  /** Checks the mount, a real write, and the store's marker (made at the first success). One check at a time. */
  check(): Promise<StorageHealth | null> {
    const next = this.checking.then(() => this.checkNow());
    this.checking = next.catch(() => undefined);
    return next;
  }

  private async checkNow(): Promise<StorageHealth | null> {
    const storage = this.storage;
    if (storage === null) return (this.known = null);
    const health = await this.examine(storage);
    // The configuration may have changed while we waited.
    if (storage !== this.storage) return this.known;
    if (health.ready !== this.known?.ready) {
      if (health.ready) this.log.info({ storageId: storage.id, mountPath: storage.mountPath }, 'storage is ready');
      else
        this.log.error(
          { storageId: storage.id, mountPath: storage.mountPath, reason: health.reason },
          'storage is not ready',
        );
    }
    return (this.known = health);
  }

  private async examine(storage: AgentStorage): Promise<StorageHealth> {
    const health = { storageId: storage.id, ready: false, freeBytes: null, totalBytes: null, seesHosts: [] };
    try {
      await this.probe(LOOK, storage);
      // Before the first write of any kind: a host's own disk under the mount point must not be written to.
      await this.within(checkMounted(storage), storage);
      await this.probe(WRITE, storage);
      const store = this.opened ?? (await this.within(ImageStore.open(storage, this.hostId), storage));
      const space = await this.within(store.checkReady(), storage);
      if (this.opened === null) await this.prepare(store);
      const seesHosts = await this.within(this.lookForOthers(store), storage);
      const fileSystem = await this.within(fileSystemOf(storage.mountPath), storage);
      // The configuration may name another by now.
      if (storage === this.storage) this.opened = store;
      return { storageId: storage.id, ready: true, reason: null, ...space, fileSystem, seesHosts };
    } catch (error) {
      this.canaries = null;
      return { ...health, reason: toFailure(error).message };
    }
  }

  /** At once when it was mounted, then once in a while: proof that the storage is shared, or a reason to ask. */
  private async lookForOthers(store: ImageStore): Promise<string[]> {
    const now = performance.now();
    if (this.canaries === null || now - this.canaries.at >= this.canaryEveryMs) {
      this.canaries = { seen: await exchangeCanaries(store.root, store.hostId), at: now };
    }
    return this.canaries.seen;
  }

  /** While one probe hangs no second is started. */
  private async probe(script: string, storage: AgentStorage): Promise<void> {
    if (this.hanging !== null) throw new Error(this.hung(storage.mountPath));
    const probe = this.runProbe(script, storage).finally(() => (this.hanging = null));
    this.hanging = probe.catch(() => undefined);
    await this.within(probe, storage);
  }

  private runProbe(script: string, { mountPath }: AgentStorage): Promise<void> {
    return new Promise((resolve, reject) => {
      const args = ['-c', script, 'probe', mountPath, storeRoot(mountPath), `${this.hostId}-${process.pid}`];
      execFile('/bin/sh', args, { timeout: this.limitMs, killSignal: 'SIGKILL' }, (error, _stdout, stderr) => {
        if (error === null) resolve();
        else if (error.killed) reject(new Error(this.hung(mountPath)));
        else
          reject(
            new Error(`cannot write to ${mountPath}: ${stderr.trim() || 'what was read back is not what was written'}`),
          );
      });
    });
  }

  private within<T>(work: Promise<T>, { mountPath }: AgentStorage): Promise<T> {
    let timer: NodeJS.Timeout;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(this.hung(mountPath))), this.limitMs + 1000);
    });
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  }

  private hung(mountPath: string): string {
    return `${mountPath} does not answer: a write did not finish in ${this.limitMs / 1000} s; is its server reachable?`;
  }
}
