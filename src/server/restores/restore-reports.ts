import { Injectable } from '@nestjs/common';
import type { JobEventType, RestoreReport } from '../../protocol/agent-api.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { Database } from '../database/database.js';
import type { ReceivedReport } from '../jobs/container-reports.js';
import { ForeignReportError } from '../jobs/foreign-report.error.js';
import { JobHistory } from '../jobs/job-history.js';
import { OperationsService } from '../operations/operations.service.js';
import { mergeRestore, UNREPORTED } from './restore-merge.js';
import { Restore } from './restore.entity.js';

/** Takes in what hosts report of restores. Any order, any number of times. */
@Injectable()
export class RestoreReports {
  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
    private readonly history: JobHistory,
    private readonly operations: OperationsService,
  ) {}

  async apply(received: ReceivedReport<RestoreReport>): Promise<void> {
    const { body, at, hostId, jobId } = received;
    const restores = this.database.repository(Restore);
    const known = await restores.findOne({ where: { id: body.restoreId }, lock: { mode: 'pessimistic_write' } });
    if (known !== null && known.hostId !== hostId)
      throw new ForeignReportError(`restore ${known.id} is another host's`);
    if (known !== null && known.jobId !== jobId)
      throw new ForeignReportError(`restore ${known.id} is not of job ${body.jobId}`);
    const merged = mergeRestore(known ?? UNREPORTED, body, at);
    if (known !== null) await restores.save(Object.assign(known, merged));
    else {
      const { restoreId: id, checkpointId } = body;
      await restores.insert({ id, jobId, checkpointId, hostId, trigger: 'automatic', ...merged } as never);
    }
    if (known?.operationId) await this.moveOperation(known.operationId, body);
    await this.tell(received);
    await this.notifier.notify('restore', body.restoreId);
    await this.notifier.notify('job', jobId);
  }

  private async moveOperation(operationId: string, { status, failure }: RestoreReport): Promise<void> {
    if (status === 'running') await this.operations.start(operationId);
    if (status === 'succeeded') await this.operations.succeed(operationId);
    if (status === 'failed')
      await this.operations.fail(operationId, failure ?? { code: 'internal', message: 'The agent gave no reason.' });
  }

  private async tell({ body, at, hostId, jobId }: ReceivedReport<RestoreReport>): Promise<void> {
    const [type, message] = eventOf(body);
    const { restoreId, checkpointId, containerId, failure = null, status } = body;
    await this.history.add({
      jobId,
      type,
      happenedAt: at,
      message,
      failure,
      hostId,
      containerId,
      checkpointId,
      restoreId,
      sourceKey: `${restoreId}:${status}`,
    });
  }
}

function eventOf({ status, checkpointId, restoreSeconds, failure }: RestoreReport): [JobEventType, string] {
  if (status === 'running') return ['job-restoring', `The job is being restored from ${checkpointId}.`];
  if (status === 'failed')
    return [
      'job-restore-failed',
      `Restoring from ${checkpointId} failed: ${failure?.message ?? 'the agent gave no reason'}`,
    ];
  const seconds = restoreSeconds === undefined ? '' : ` in ${restoreSeconds.toFixed(2)} s`;
  return ['job-restore-succeeded', `The job was restored from ${checkpointId}${seconds} and runs on.`];
}
