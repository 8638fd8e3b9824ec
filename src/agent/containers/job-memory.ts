import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ContainerReport } from '../../protocol/agent-api.js';
import { readIfPresent, replaceFile } from '../image-store/durable-files.js';

/** What the agent remembers of a job's container, over restarts. */
export interface RememberedContainer {
  /** The last report made of it. */
  report: ContainerReport;
  /** This container is (or was) the job's owner on the storage. */
  claimed: boolean;
  /** End of its last checkpoint, RFC 3339; null before the first. */
  lastCheckpointAt: string | null;
  /** The `job-policy-ignored` events are out. */
  problemsReported: boolean;
  /** What the end of the job asks for (`job-endings.ts`) is done. */
  settled: boolean;
}

const remembered = z.object({
  report: z.looseObject({
    type: z.literal('container'),
    jobId: z.string(),
    containerId: z.string(),
    status: z.string(),
  }),
  claimed: z.boolean(),
  lastCheckpointAt: z.string().nullable(),
  problemsReported: z.boolean(),
  settled: z.boolean(),
});

/** `<state>/jobs/<container id>.json`, one file a container, so that no write can harm another's. */
export class JobMemory {
  private readonly directory: string;

  constructor(stateDir: string) {
    this.directory = join(stateDir, 'jobs');
  }

  /** A damaged file is forgotten: the container is then seen as if for the first time. */
  async load(): Promise<RememberedContainer[]> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const found: RememberedContainer[] = [];
    for (const name of await readdir(this.directory)) {
      const path = join(this.directory, name);
      const parsed = name.endsWith('.json') ? remembered.safeParse(parse(await readIfPresent(path))) : null;
      if (parsed?.success) found.push(parsed.data as unknown as RememberedContainer);
      else await rm(path, { force: true });
    }
    return found;
  }

  async save(container: RememberedContainer): Promise<void> {
    await replaceFile(this.path(container.report.containerId), JSON.stringify(container));
  }

  async forget(containerId: string): Promise<void> {
    await rm(this.path(containerId), { force: true });
  }

  private path(containerId: string): string {
    return join(this.directory, `${containerId}.json`);
  }
}

function parse(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null') as unknown;
  } catch {
    return null;
  }
}
