import { Injectable } from '@nestjs/common';
import { parseDuration } from '../../protocol/duration.js';
import { newId } from '../../protocol/ids.js';
import { CommandsService } from '../commands/commands.service.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { DomainError } from '../common/domain-error.js';
import { type IfMatchVersions, lockForUpdate } from '../common/etag.js';
import { patchLabels } from '../common/labels.js';
import { Database } from '../database/database.js';
import { HostsService } from '../hosts/hosts.service.js';
import { type JobView, JobsService } from '../jobs/jobs.service.js';
import type { OperationDto } from '../operations/dto/operation.dto.js';
import { OperationsService } from '../operations/operations.service.js';
import { Checkpoint } from './checkpoint.entity.js';
import { type CheckpointDto, toCheckpointDto } from './dto/checkpoint.dto.js';
import type { UpdateCheckpointDto } from './dto/update-checkpoint.dto.js';
import { storageProblem } from './restore-obstacles.js';

/** Dumping may take as long as the policy says; capturing files, digests and the commit come on top. */
const COMMIT_SECONDS = 900;

/** What people ask of checkpoints. All of it runs in the request's transaction. */
@Injectable()
export class CheckpointsService {
  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
    private readonly hosts: HostsService,
    private readonly jobs: JobsService,
    private readonly operations: OperationsService,
    private readonly commands: CommandsService,
  ) {}

  /** Asks the job's host for a checkpoint now. */
  async trigger(job: string): Promise<OperationDto> {
    const { id: jobId, jobId: awsId, containerId, policy, ...rest } = await this.jobs.lock(job);
    const hostId = await this.hostToCheckpointOn({ id: jobId, jobId: awsId, containerId, policy, ...rest });
    await this.refuseSecond(jobId, containerId!);
    const checkpointId = newId('checkpoint');
    const operationId = await this.operations.open({
      type: 'checkpoint',
      resourceType: 'checkpoint',
      resourceId: checkpointId,
    });
    await this.database
      .repository(Checkpoint)
      .insert({ id: checkpointId, jobId, hostId, containerId, operationId, trigger: 'manual', status: 'pending' });
    const dumpSeconds = policy === null ? 0 : parseDuration(policy.timeout) / 1000;
    const body = { type: 'checkpoint' as const, checkpointId, jobId: awsId, containerId };
    await this.commands.send(hostId, body, { operationId, deadlineSeconds: Math.ceil(dumpSeconds) + COMMIT_SECONDS });
    await this.notifier.notify('job', jobId);
    return this.operations.find(operationId);
  }

  async update(id: string, { pinned, labels }: UpdateCheckpointDto, ifMatch: IfMatchVersions): Promise<CheckpointDto> {
    const checkpoint = await this.lock(id, ifMatch);
    if (pinned !== undefined) {
      if (pinned && (checkpoint.status === 'deleted' || checkpoint.status === 'failed')) {
        throw new DomainError(
          'checkpoint-not-committed',
          `Checkpoint ${id} has ${checkpoint.status === 'failed' ? 'failed' : 'been deleted'}: there is nothing to keep.`,
        );
      }
      checkpoint.pinned = pinned;
    }
    checkpoint.labels = patchLabels(checkpoint.labels, labels);
    const saved = await this.database.repository(Checkpoint).save(checkpoint);
    await this.notifier.notify('checkpoint', id);
    return toCheckpointDto(saved);
  }

  /** Deletes the image, by a host that can reach it. */
  async remove(id: string, force: boolean, ifMatch: IfMatchVersions): Promise<OperationDto> {
    // The job's row first: two deletions at once must not each find the other's image still there.
    const { jobId } = await this.find(id);
    const job = await this.jobs.lock(jobId);
    const checkpoint = await this.lock(id, ifMatch);
    this.refuseUnlessImage(checkpoint, 'delete');
    if (checkpoint.pinned) {
      throw new DomainError(
        'checkpoint-pinned',
        `Checkpoint ${id} is pinned; set pinned to false first (PATCH /api/v1/checkpoints/${id}).`,
      );
    }
    if (!force) await this.refuseLast(checkpoint, job);
    const hostId = await this.hostThatReaches(checkpoint);
    const operationId = await this.operations.open({
      type: 'delete-checkpoint',
      resourceType: 'checkpoint',
      resourceId: id,
    });
    await this.commands.send(
      hostId,
      { type: 'delete-checkpoint', checkpointId: id, jobId: job.jobId },
      { operationId },
    );
    return this.operations.find(operationId);
  }

  /** Has a host read the whole image back and compare it with its digests. */
  async verify(id: string): Promise<OperationDto> {
    const checkpoint = await this.lock(id);
    this.refuseUnlessImage(checkpoint, 'verify');
    const { jobId: awsId } = await this.jobs.find(checkpoint.jobId);
    const hostId = await this.hostThatReaches(checkpoint);
    const operationId = await this.operations.open({
      type: 'verify-checkpoint',
      resourceType: 'checkpoint',
      resourceId: id,
    });
    await this.commands.send(hostId, { type: 'verify-checkpoint', checkpointId: id, jobId: awsId }, { operationId });
    return this.operations.find(operationId);
  }

  private async hostToCheckpointOn(job: JobView): Promise<string> {
    if (job.status !== 'RUNNING' || job.hostId === null || job.containerId === null) {
      throw new DomainError(
        'job-not-running',
        `Job ${job.jobId} is ${job.status}; only a running one can be checkpointed.`,
      );
    }
    const host = await this.hosts.find(job.hostId);
    if (host === null || host.status !== 'online') {
      const since = host?.lastHeartbeatAt ? ` since ${host.lastHeartbeatAt.toISOString()}` : '';
      throw new DomainError(
        'host-offline',
        `Host ${host?.name ?? job.hostId}, where job ${job.jobId} last ran, has not been heard of${since}. If it was reclaimed, AWS Batch starts the job on another.`,
      );
    }
    if (!job.protected) {
      const reason = job.unprotectedReason;
      const why =
        reason === null ? '' : `: ${reason.message}${reason.remedy === undefined ? '' : ` (${reason.remedy})`}`;
      const errors = reason === null ? [] : [{ pointer: '', code: reason.code, detail: reason.message }];
      throw new DomainError('job-unprotected', `Job ${job.jobId} cannot be checkpointed${why}`, { errors });
    }
    return host.id;
  }

  private async refuseSecond(jobId: string, containerId: string): Promise<void> {
    const other = await this.database
      .repository(Checkpoint)
      .createQueryBuilder('checkpoint')
      .where(`checkpoint.jobId = :jobId and checkpoint.status in ('pending', 'running')`, { jobId })
      .andWhere(`(checkpoint.trigger = 'manual' or checkpoint.containerId = :containerId)`, { containerId })
      .getOne();
    if (other === null) return;
    throw new DomainError(
      'checkpoint-in-progress',
      `Checkpoint ${other.id} (${other.trigger}) of this job is ${other.status}; wait for it: GET /api/v1/checkpoints/${other.id}?wait=30s.`,
      { headers: { 'retry-after': '2' } },
    );
  }

  private refuseUnlessImage({ id, status }: Checkpoint, what: string): void {
    if (status === 'committed') return;
    const why = {
      pending: 'has not begun',
      running: 'is still being taken',
      failed: 'failed and left no image',
      deleted: 'is deleted',
    };
    throw new DomainError('checkpoint-not-committed', `Checkpoint ${id} ${why[status]}: there is nothing to ${what}.`);
  }

  private async refuseLast({ id, jobId }: Checkpoint, job: JobView): Promise<void> {
    if (job.status !== 'RUNNING' && job.status !== 'STARTING') return;
    const others: unknown[] = await this.database.manager.query(
      `select 1 from checkpoints c where c.job_id = $1 and c.id <> $2 and c.status = 'committed' and c.verification_failure is null
          and not exists (select 1 from operations o where o.resource_id = c.id and o.type = 'delete-checkpoint' and o.status in ('pending', 'running'))
        limit 1`,
      [jobId, id],
    );
    if (others.length > 0) return;
    throw new DomainError(
      'last-restorable-checkpoint',
      `Checkpoint ${id} is the last image job ${job.jobId}, which is running, can be restored from. Take another first, or add ?force=true.`,
    );
  }

  /** The host that took it when that is there, or any other with the storage. */
  private async hostThatReaches({ hostId, storageId }: Checkpoint): Promise<string> {
    const able = (await this.hosts.listOnline()).filter((host) => storageProblem(storageId!, host) === undefined);
    const chosen = able.find((host) => host.id === hostId) ?? able[0];
    if (chosen !== undefined) return chosen.id;
    throw new DomainError(
      'host-offline',
      `No host that is online has storage ${storageId} mounted; start one, and this works.`,
    );
  }

  private async find(id: string): Promise<Checkpoint> {
    const row = await this.database.repository(Checkpoint).findOneBy({ id });
    if (row === null) throw checkpointNotFound(id);
    return row;
  }

  private async lock(id: string, ifMatch?: IfMatchVersions): Promise<Checkpoint> {
    const row = await lockForUpdate(this.database, Checkpoint, id, ifMatch);
    if (row === undefined) throw checkpointNotFound(id);
    return row;
  }
}

export function checkpointNotFound(id: string): DomainError {
  return new DomainError('not-found', `There is no checkpoint ${id}.`);
}
