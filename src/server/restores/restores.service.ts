import { Injectable } from '@nestjs/common';
import { newId } from '../../protocol/ids.js';
import { CheckpointReader } from '../checkpoints/checkpoint-reader.js';
import { type CommittedCheckpoint, restoreObstacles } from '../checkpoints/restore-obstacles.js';
import { CommandsService } from '../commands/commands.service.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { DomainError, type FieldError, invalidField } from '../common/domain-error.js';
import { Database } from '../database/database.js';
import { HostsService, type HostView } from '../hosts/hosts.service.js';
import { type JobView, JobsService } from '../jobs/jobs.service.js';
import type { OperationDto } from '../operations/dto/operation.dto.js';
import { OperationsService } from '../operations/operations.service.js';
import type { CreateRestoreDto } from './dto/create-restore.dto.js';
import { Restore } from './restore.entity.js';

const DEADLINE_SECONDS = 3600;

/** Continues a job by hand: a host creates its container again and restores it from a checkpoint. */
@Injectable()
export class RestoresService {
  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
    private readonly checkpoints: CheckpointReader,
    private readonly hosts: HostsService,
    private readonly jobs: JobsService,
    private readonly operations: OperationsService,
    private readonly commands: CommandsService,
  ) {}

  async start({ checkpointId, hostId }: CreateRestoreDto): Promise<OperationDto> {
    const checkpoint = await this.checkpoints.committed(checkpointId);
    const job = await this.jobs.lock(checkpoint.jobId);
    await this.refuseWhileRunning(job);
    await this.refuseSecond(job);
    const host = hostId === undefined ? await this.chooseHost(checkpoint) : await this.checkHost(checkpoint, hostId);
    const restoreId = newId('restore');
    const operationId = await this.operations.open({ type: 'restore', resourceType: 'restore', resourceId: restoreId });
    await this.database.repository(Restore).insert({
      id: restoreId,
      jobId: job.id,
      checkpointId,
      hostId: host.id,
      operationId,
      trigger: 'manual',
      status: 'pending',
    });
    const body = { type: 'restore' as const, restoreId, checkpointId, jobId: job.jobId };
    await this.commands.send(host.id, body, { operationId, deadlineSeconds: DEADLINE_SECONDS });
    await this.notifier.notify('job', job.id);
    return this.operations.find(operationId);
  }

  /** A job on a host that is gone may be continued: the image store's owner record keeps a survivor from committing. */
  private async refuseWhileRunning(job: JobView): Promise<void> {
    if ((job.status !== 'RUNNING' && job.status !== 'STARTING') || job.hostId === null) return;
    const host = await this.hosts.find(job.hostId);
    if (host?.status !== 'online') return;
    throw new DomainError(
      'job-still-running',
      `Job ${job.jobId} is ${job.status} on host ${host.name}; it can be restored when that has ended.`,
    );
  }

  private async refuseSecond({ id, jobId }: JobView): Promise<void> {
    const other = await this.database
      .repository(Restore)
      .createQueryBuilder('restore')
      .where(`restore.jobId = :id and restore.status in ('pending', 'running')`, { id })
      .getOne();
    if (other === null) return;
    throw new DomainError(
      'restore-in-progress',
      `Restore ${other.id} of job ${jobId} is ${other.status}; wait for it.`,
      {
        headers: { 'retry-after': '2' },
      },
    );
  }

  private async checkHost(checkpoint: CommittedCheckpoint, hostId: string): Promise<HostView> {
    const host = await this.hosts.find(hostId);
    if (host === null || host.status === 'deregistered')
      throw invalidField('/hostId', `There is no host ${hostId}.`, 'unknown');
    const errors = obstaclesAsErrors(checkpoint, host);
    if (errors.length === 0) return host;
    throw new DomainError(
      'no-restore-target',
      `Checkpoint ${checkpoint.id} cannot restore on host ${host.name}: ${errors.map((error) => error.detail).join('; ')}.`,
      { errors },
    );
  }

  /** Where it was taken, if that will do: its page cache may still hold the image. Otherwise the first that will. */
  private async chooseHost(checkpoint: CommittedCheckpoint): Promise<HostView> {
    const hosts = await this.hosts.listOnline();
    hosts.sort((a, b) => Number(b.id === checkpoint.hostId) - Number(a.id === checkpoint.hostId));
    const suitable = hosts.find((host) => restoreObstacles(checkpoint, host).length === 0);
    if (suitable !== undefined) return suitable;
    const errors = hosts
      .slice(0, 20)
      .flatMap((host) =>
        obstaclesAsErrors(checkpoint, host).map((error) => ({ ...error, detail: `${host.name}: ${error.detail}` })),
      );
    const why =
      hosts.length === 0
        ? 'No host is online.'
        : `None of the ${hosts.length} hosts that are online can take checkpoint ${checkpoint.id}; GET /api/v1/checkpoints/${checkpoint.id}/restore-targets says why.`;
    throw new DomainError('no-restore-target', why, { errors });
  }
}

function obstaclesAsErrors(checkpoint: CommittedCheckpoint, host: HostView): FieldError[] {
  return restoreObstacles(checkpoint, host).map(({ code, message, remedy }) => ({
    pointer: '/hostId',
    code,
    detail: `${message} (${remedy})`,
  }));
}
