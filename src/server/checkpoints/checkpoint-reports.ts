import { Injectable } from '@nestjs/common';
import type { CheckpointReport, JobEventType } from '../../protocol/agent-api.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { Database } from '../database/database.js';
import { HostsService } from '../hosts/hosts.service.js';
import type { ReceivedReport } from '../jobs/container-reports.js';
import { ForeignReportError } from '../jobs/foreign-report.error.js';
import { JobHistory } from '../jobs/job-history.js';
import { JobsService } from '../jobs/jobs.service.js';
import { OperationsService } from '../operations/operations.service.js';
import { Checkpoint } from './checkpoint.entity.js';
import { mergeCheckpoint, type ReportedCheckpoint, UNREPORTED } from './checkpoint-merge.js';

/** Takes in what hosts report of checkpoints. Any order, any number of times. */
@Injectable()
export class CheckpointReports {
  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
    private readonly hosts: HostsService,
    private readonly jobs: JobsService,
    private readonly history: JobHistory,
    private readonly operations: OperationsService,
  ) {}

  async apply(received: ReceivedReport<CheckpointReport>): Promise<void> {
    const { body, jobId } = received;
    const known = await this.database
      .repository(Checkpoint)
      .findOne({ where: { id: body.checkpointId }, lock: { mode: 'pessimistic_write' } });
    if (known !== null) await this.checkOwner(known, received);
    const merged = await this.merge(known, received);
    if (known === null) await this.insert(received, merged);
    else await this.database.repository(Checkpoint).save(Object.assign(known, merged));
    if (body.status === 'committed') await this.jobs.noteImage(jobId, body.image!);
    await this.moveOperation(known?.operationId ?? null, body, merged);
    await this.tell(received);
    await this.notifier.notify('checkpoint', body.checkpointId);
    await this.notifier.notify('job', jobId);
  }

  /** A host tells of the checkpoints it takes; an image on shared storage may be pruned by any host the job has run on. */
  private async checkOwner(
    known: Checkpoint,
    { body, hostId, jobId }: ReceivedReport<CheckpointReport>,
  ): Promise<void> {
    if (known.jobId !== jobId) throw new ForeignReportError(`checkpoint ${known.id} is not of job ${body.jobId}`);
    if (known.hostId === hostId) return;
    if (isOnlyDeletion(known) && body.status !== 'deleted') {
      // The news of its end came first, from the host that pruned it: this is the host that took it.
      Object.assign(known, { hostId, trigger: body.trigger });
      return;
    }
    if (body.status === 'deleted' && (await this.jobs.hasRunOn(jobId, hostId))) return;
    throw new ForeignReportError(`checkpoint ${known.id} is another host's`);
  }

  private async merge(
    known: Checkpoint | null,
    { body, at, hostId }: ReceivedReport<CheckpointReport>,
  ): Promise<ReportedCheckpoint> {
    const host = await this.hosts.find(hostId);
    return mergeCheckpoint(known ?? UNREPORTED, body, at, host!.facts);
  }

  private async insert(
    { body, hostId, jobId }: ReceivedReport<CheckpointReport>,
    merged: ReportedCheckpoint,
  ): Promise<void> {
    await this.database
      .repository(Checkpoint)
      .insert({ id: body.checkpointId, jobId, hostId, trigger: body.trigger, ...merged });
  }

  private async moveOperation(
    operationId: string | null,
    { status }: CheckpointReport,
    merged: ReportedCheckpoint,
  ): Promise<void> {
    if (operationId === null) return;
    if (status === 'running') await this.operations.start(operationId);
    if (status === 'committed') await this.operations.succeed(operationId);
    if (merged.status === 'failed') await this.operations.fail(operationId, merged.failure!);
  }

  private async tell({ body, at, hostId, jobId }: ReceivedReport<CheckpointReport>): Promise<void> {
    const told = eventOf(body);
    if (told === undefined) return;
    const [type, message] = told;
    const { checkpointId, containerId, failure = null, status } = body;
    await this.history.add({
      jobId,
      type,
      happenedAt: at,
      message,
      failure,
      hostId,
      containerId,
      checkpointId,
      sourceKey: `${checkpointId}:${status}`,
    });
  }
}

function isOnlyDeletion({ status, startedAt, finishedAt, operationId }: Checkpoint): boolean {
  return status === 'deleted' && startedAt === null && finishedAt === null && operationId === null;
}

function eventOf({ status, trigger, image, failure }: CheckpointReport): [JobEventType, string] | undefined {
  if (status === 'running') return ['job-checkpointing', `A checkpoint (${trigger}) has begun.`];
  if (status === 'committed') {
    const { sequence, totalBytes, freezeSeconds } = image!;
    const size = `${(totalBytes / 1024 ** 2).toFixed(1)} MiB`;
    return [
      'job-checkpoint-succeeded',
      `Checkpoint ${sequence} (${trigger}) is committed: ${size}, frozen for ${freezeSeconds.toFixed(2)} s.`,
    ];
  }
  if (status === 'failed')
    return [
      'job-checkpoint-failed',
      `A checkpoint (${trigger}) failed: ${failure?.message ?? 'the agent gave no reason'}`,
    ];
  return undefined;
}
