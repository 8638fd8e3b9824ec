import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FailureError } from '../../protocol/failure.js';
import { readIfPresent, replaceFile } from './durable-files.js';
import { makeJobDirectory } from './job-directory.js';
import { onStorage } from './storage-failure.js';
import { jobDirectory } from './store-layout.js';

const ownerSchema = z.object({ hostId: z.string(), containerId: z.string(), since: z.string() });
const finishedSchema = z.object({ exitCode: z.number().int(), at: z.string() });
/** The container that may commit checkpoints of the job: the one started last, on whatever host. */
export type JobOwner = z.infer<typeof ownerSchema>;
/** The job's container ended with 0: its next start is a new job, not a continuation. */
export type JobFinished = z.infer<typeof finishedSchema>;

/** Small facts about a job that every host must agree on, one file each beside the job's images. */
export class JobRecords {
  constructor(
    private readonly root: string,
    private readonly hostId: string,
  ) {}

  /** null: nobody has started the job under Batchpoint. Throws `fenced` when the record cannot be understood. */
  async owner(jobId: string): Promise<JobOwner | null> {
    const path = this.path(jobId, 'owner.json');
    const text = await onStorage(`reading ${path}`, this.root, () => readIfPresent(path));
    if (text === null) return null;
    const owner = parseRecord(ownerSchema, text);
    if (owner !== null) return owner;
    throw new FailureError({
      code: 'fenced',
      message: `${path} is damaged, so it cannot be told which container runs the job`,
      remedy: 'delete the file; the agent writes it again when the job is next started',
    });
  }

  /** From now on only this container may commit images of the job. Whoever starts the job's container calls it first. */
  async claim(jobId: string, containerId: string): Promise<void> {
    await this.write(jobId, 'owner.json', { hostId: this.hostId, containerId, since: new Date().toISOString() });
  }

  /** Throws `fenced` unless this host's container is the job's last started one, or nobody claimed the job. */
  async checkOwnedBy(jobId: string, containerId: string): Promise<void> {
    const owner = await this.owner(jobId);
    if (owner === null || (owner.hostId === this.hostId && owner.containerId === containerId)) return;
    throw new FailureError({
      code: 'fenced',
      message: `job ${jobId} has since been started in container ${owner.containerId} on host ${owner.hostId} (at ${owner.since})`,
      remedy: 'nothing to do: the newer container makes the checkpoints now, and this one should be stopped',
    });
  }

  /** null: the job has not ended well; a damaged record counts as absent, so that the job continues rather than restarts. */
  async finished(jobId: string): Promise<JobFinished | null> {
    const path = this.path(jobId, 'finished.json');
    const text = await onStorage(`reading ${path}`, this.root, () => readIfPresent(path));
    return text === null ? null : parseRecord(finishedSchema, text);
  }

  async markFinished(jobId: string, exitCode: number): Promise<void> {
    await this.write(jobId, 'finished.json', { exitCode, at: new Date().toISOString() });
  }

  async clearFinished(jobId: string): Promise<void> {
    const path = this.path(jobId, 'finished.json');
    await onStorage(`removing ${path}`, this.root, () => rm(path, { force: true }));
  }

  private path(jobId: string, name: string): string {
    return join(jobDirectory(this.root, jobId), name);
  }

  private async write(jobId: string, name: string, record: JobOwner | JobFinished): Promise<void> {
    const path = this.path(jobId, name);
    await onStorage(`writing ${path}`, this.root, async () => {
      await makeJobDirectory(this.root, jobId);
      await replaceFile(path, `${JSON.stringify(record)}\n`);
    });
  }
}

function parseRecord<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
