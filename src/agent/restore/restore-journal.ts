import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../image-store/durable-files.js';

const changesSchema = z.object({
  checkpointId: z.string(),
  /** The overlay's upper directory was set aside and replaced by the image's. */
  layer: z.object({ rootPath: z.string(), upperDir: z.string(), savedDir: z.string(), options: z.string() }).nullable(),
  /** Ends of files on bind mounts, cut off and kept in `tailFile`. */
  cutFiles: z.array(z.object({ path: z.string(), keptBytes: z.number(), tailFile: z.string() })),
  /** What the bundle's config.json held, base64. */
  config: z.string().nullable(),
  /** runc was called, so there may be processes. */
  processes: z.boolean(),
});
/** What a restore has changed on the host, or was about to. */
export type RestoreChanges = z.infer<typeof changesSchema>;

/**
 * `<state>/restoring/<container id>`: written durably *before* each change, so that whoever finds it (this program run
 * again by the shim, or the next create of the container after a power cut) can put everything back.
 */
export class RestoreJournal {
  readonly path: string;
  changes: RestoreChanges;

  constructor(
    private readonly stateDir: string,
    private readonly containerId: string,
    checkpointId: string,
  ) {
    this.path = join(stateDir, 'restoring', containerId);
    this.changes = { checkpointId, layer: null, cutFiles: [], config: null, processes: false };
  }

  /** null when no restore was interrupted. Throws when the journal cannot be understood. */
  static find(stateDir: string, containerId: string): RestoreJournal | null {
    const journal = new RestoreJournal(stateDir, containerId, '');
    if (!existsSync(journal.path)) return null;
    journal.changes = changesSchema.parse(JSON.parse(readFileSync(journal.path, 'utf8')));
    return journal;
  }

  async record(changes: Partial<RestoreChanges>): Promise<void> {
    this.changes = { ...this.changes, ...changes };
    await replaceFile(this.path, JSON.stringify(this.changes));
  }

  /** Everything stands: as restored, or as before. */
  close(): void {
    rmSync(this.path, { force: true });
  }

  /** Where ends of files are kept until the restore has succeeded. */
  tailFile(index: number): string {
    return join(this.stateDir, 'restoring', `${this.containerId}.tail-${index}`);
  }
}
