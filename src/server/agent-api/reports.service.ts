import { Injectable, Logger } from '@nestjs/common';
import type { Report, ReportResult } from '../../protocol/agent-api.js';
import { CheckpointReports } from '../checkpoints/checkpoint-reports.js';
import { Database } from '../database/database.js';
import { HostSessionsService } from '../hosts/host-sessions.service.js';
import { ContainerReports, type ReceivedReport } from '../jobs/container-reports.js';
import { ForeignReportError } from '../jobs/foreign-report.error.js';
import { JobsService } from '../jobs/jobs.service.js';
import { RestoreReports } from '../restores/restore-reports.js';
import type { AgentCallerInfo } from './agent-caller.js';
import { reportSchema } from './report.schema.js';
import { problemOf } from './schema-field.js';

/**
 * Takes in batches of reports: all of a batch and the record that it was seen commit together. What can never be taken is
 * named in the answer and left out, so that one bad report does not hold up those behind it.
 */
@Injectable()
export class ReportsService {
  private readonly logger = new Logger('Reports');

  constructor(
    private readonly database: Database,
    private readonly hosts: HostSessionsService,
    private readonly jobs: JobsService,
    private readonly containers: ContainerReports,
    private readonly checkpoints: CheckpointReports,
    private readonly restores: RestoreReports,
  ) {}

  async take({ hostId, session }: AgentCallerInfo, items: readonly Report[]): Promise<ReportResult> {
    return this.database.transaction(async () => {
      await this.hosts.check(hostId, session);
      const fresh = await this.withoutSeen(hostId, items);
      const rejected: ReportResult['rejected'] = [];
      const valid: Report[] = [];
      for (const item of fresh) {
        const parsed = reportSchema.safeParse(item);
        if (parsed.success) valid.push(parsed.data);
        else rejected.push({ id: item.id, detail: problemOf(reportSchema, '', item) });
      }
      const jobs = await this.jobs.lockAll(valid.map((report) => report.jobId));
      for (const report of valid) {
        const detail = await this.applySafely(hostId, jobs.get(report.jobId)!, report);
        if (detail !== undefined) rejected.push({ id: report.id, detail });
      }
      for (const { id, detail } of rejected)
        this.logger.warn({ hostId, reportId: id, msg: `report rejected: ${detail}` });
      return { accepted: fresh.length - rejected.length, duplicates: items.length - fresh.length, rejected };
    });
  }

  private async withoutSeen(hostId: string, items: readonly Report[]): Promise<Report[]> {
    if (items.length === 0) return [];
    const rows: { id: string }[] = await this.database.manager.query(
      `insert into agent_reports (host_id, id) select $1, id from unnest($2::text[]) as seen (id)
       on conflict do nothing returning id`,
      [hostId, items.map((item) => item.id)],
    );
    const fresh = new Set(rows.map((row) => row.id));
    // A batch may hold one twice: `delete` is true for the first only.
    return items.filter((item) => fresh.delete(item.id));
  }

  /** Why the report can never be taken; undefined when it was. Other errors (the database is gone) fail the whole batch. */
  private async applySafely(hostId: string, jobId: string, report: Report): Promise<string | undefined> {
    const { manager } = this.database;
    await manager.query('savepoint report');
    try {
      await this.apply(hostId, jobId, report);
      await manager.query('release savepoint report');
      return undefined;
    } catch (error) {
      const detail = reasonToReject(error);
      if (detail === undefined) throw error;
      await manager.query('rollback to savepoint report');
      return detail;
    }
  }

  private async apply(hostId: string, jobId: string, report: Report): Promise<void> {
    const received = <R>(body: R): ReceivedReport<R> => ({
      reportId: report.id,
      at: new Date(report.at),
      hostId,
      jobId,
      body,
    });
    if (report.type === 'container') await this.containers.apply(received(report));
    else if (report.type === 'checkpoint') await this.checkpoints.apply(received(report));
    else if (report.type === 'restore') await this.restores.apply(received(report));
    else await this.containers.addEvent(received(report));
  }
}

function reasonToReject(error: unknown): string | undefined {
  if (error instanceof ForeignReportError) return error.detail;
  const { code, message } = error as { code?: unknown; message?: string };
  // SQLSTATE classes 22 (data exception) and 23 (constraint): the content is at fault, and will be next time.
  return typeof code === 'string' && /^2[23]...$/.test(code) ? `the database refused it: ${message}` : undefined;
}
