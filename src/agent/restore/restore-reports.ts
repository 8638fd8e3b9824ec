import { join } from 'node:path';
import type { JobEventReport, ReportBody, RestoreReport } from '../../protocol/agent-api.js';
import type { Failure } from '../../protocol/failure.js';
import { spoolReport } from '../outbox.js';
import type { RestoreLog } from './restore-log.js';

/** Reports of one create, left in the agent's outbox. A report that cannot be written is logged; it stops nothing. */
export class RestoreReports {
  constructor(
    private readonly stateDir: string,
    private readonly jobId: string,
    private readonly containerId: string,
    private readonly log: RestoreLog,
  ) {}

  async restore(
    report: Pick<RestoreReport, 'restoreId' | 'checkpointId' | 'status'> & Partial<RestoreReport>,
  ): Promise<void> {
    await this.spool({ type: 'restore', jobId: this.jobId, containerId: this.containerId, ...report });
  }

  async startedFresh(message: string, failure: Failure): Promise<void> {
    const event: JobEventReport['event'] = 'job-started-fresh';
    await this.spool({ type: 'job-event', jobId: this.jobId, containerId: this.containerId, event, message, failure });
  }

  private async spool(body: ReportBody): Promise<void> {
    try {
      await spoolReport(join(this.stateDir, 'outbox'), body);
    } catch (error) {
      this.log.write(`a report could not be saved: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
