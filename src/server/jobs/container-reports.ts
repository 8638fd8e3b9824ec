import { Injectable } from '@nestjs/common';
import type { ContainerReport, JobEventReport, JobEventType } from '../../protocol/agent-api.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { Database } from '../database/database.js';
import { currentAttempt, mergeAttempt } from './attempt-merge.js';
import { dueNow } from './batch-look.js';
import type { Job } from './job.entity.js';
import { JobAttempt } from './job-attempt.entity.js';
import { JobHistory } from './job-history.js';
import { JobRows } from './job-rows.js';
import { ForeignReportError } from './foreign-report.error.js';

/** A report, and who made it about which job (our id). The job's row is locked. */
export interface ReceivedReport<R> {
  reportId: string;
  at: Date;
  hostId: string;
  jobId: string;
  body: R;
}

/** Takes in what hosts report of jobs' containers. Any order, any number of times. */
@Injectable()
export class ContainerReports {
  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
    private readonly history: JobHistory,
    private readonly rows: JobRows,
  ) {}

  async apply({ at, hostId, jobId, body }: ReceivedReport<ContainerReport>): Promise<void> {
    const attempts = this.database.repository(JobAttempt);
    const known = await attempts.findOneBy({ jobId, containerId: body.containerId });
    if (known !== null && known.hostId !== hostId) {
      throw new ForeignReportError(`container ${body.containerId} of job ${body.jobId} is on another host`);
    }
    await attempts.save(mergeAttempt(known, jobId, hostId, { ...body, at: at.toISOString() }));
    await this.updateJob(jobId, body);
    await this.tell(jobId, hostId, at, body);
    await this.notifier.notify('job', jobId);
  }

  async addEvent({ reportId, at, hostId, jobId, body }: ReceivedReport<JobEventReport>): Promise<void> {
    const { event: type, message, failure = null, containerId } = body;
    await this.history.add({
      jobId,
      type,
      happenedAt: at,
      message,
      failure,
      hostId,
      containerId,
      sourceKey: `${hostId}:${reportId}`,
    });
    await this.notifier.notify('job', jobId);
  }

  private async updateJob(jobId: string, { jobQueue, computeEnvironment }: ContainerReport): Promise<void> {
    const [known] = await this.rows.lock([jobId]);
    const { job, attempts } = known!;
    const newest = currentAttempt(attempts)!;
    const ended = newest.status === 'exited' || newest.status === 'lost';
    const lastReport = Math.max(...attempts.map((attempt) => attempt.lastReportedAt.getTime()));
    const changes: Partial<Job> = {
      // Batch sets these once for all attempts; a container started by hand may lack them.
      jobQueue: job.jobQueue ?? jobQueue,
      computeEnvironment: job.computeEnvironment ?? computeEnvironment,
      lastKnownAt: new Date(Math.max(job.lastKnownAt?.getTime() ?? 0, lastReport)),
      // Only AWS Batch knows whether the job is over or tried again.
      ...(ended ? dueNow(job) : {}),
    };
    await this.rows.write([{ ...known!, changes }]);
  }

  private async tell(jobId: string, hostId: string, at: Date, report: ContainerReport): Promise<void> {
    const [type, message] = eventOf(report);
    const { containerId, status } = report;
    await this.history.add({
      jobId,
      type,
      happenedAt: at,
      message,
      hostId,
      containerId,
      sourceKey: `${jobId}/${containerId}:${status}`,
    });
  }
}

function eventOf({ status, exitCode, containerName, image, attempt }: ContainerReport): [JobEventType, string] {
  if (status === 'created')
    return [
      'job-created',
      `Container ${containerName} of image ${image} was created${attempt === null ? '' : ` (attempt ${attempt})`}.`,
    ];
  if (status === 'running') return ['job-running', `Container ${containerName} runs.`];
  if (status === 'lost') return ['job-lost', `Container ${containerName} was gone when the agent looked for it.`];
  if (exitCode === 0) return ['job-succeeded', `Container ${containerName} exited with code 0.`];
  return [
    'job-failed',
    `Container ${containerName} exited with ${exitCode === null ? 'an unknown code' : `code ${exitCode}`}.`,
  ];
}
