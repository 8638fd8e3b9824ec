import { Injectable, Logger, type OnModuleInit, Inject } from '@nestjs/common';
import { In } from 'typeorm';
import { AwsError } from '../aws/aws-error.js';
import { BackgroundTasks } from '../background/background-tasks.js';
import { CommandsService } from '../commands/commands.service.js';
import { DomainError } from '../common/domain-error.js';
import type { Finding } from '../common/finding.js';
import { Database } from '../database/database.js';
import { OperationsService } from '../operations/operations.service.js';
import { iamGroups, IamSectionsService } from './iam-sections.service.js';
import { Preflight } from './preflight.entity.js';
import { PreflightEnvironments } from './preflight-environments.js';
import type { PreflightCheck, PreflightEnvironment, PreflightSection } from './preflight-section.js';
import { type Look, PREFLIGHT_SOURCES, type PreflightSource, toSection } from './preflight-source.js';
import { OPEN_PREFLIGHT } from './preflight-status.js';

export const RUN_PREFLIGHT = 'run-preflight';
const TAKE_OVER = 'take-over-preflights';
/** Longer than one step takes with every call to AWS at its limit and its retries. */
const SILENT_MINUTES = 5;

/** Makes the reports: a background task that any replica may run, and begin again where another was killed. It only reads. */
@Injectable()
export class PreflightRunner implements OnModuleInit {
  private readonly logger = new Logger('Preflight');

  constructor(
    private readonly database: Database,
    private readonly tasks: BackgroundTasks,
    private readonly operations: OperationsService,
    private readonly commands: CommandsService,
    private readonly environments: PreflightEnvironments,
    private readonly iam: IamSectionsService,
    @Inject(PREFLIGHT_SOURCES) private readonly sources: readonly PreflightSource[],
  ) {}

  onModuleInit(): void {
    this.tasks.register({ name: RUN_PREFLIGHT, run: (payload) => this.run((payload as { id: string }).id) });
    this.tasks.register({ name: TAKE_OVER, cron: '* * * * *', run: () => this.takeOver() });
    this.commands.onCancel('preflight', (operationId) => this.cancel(operationId));
  }

  async run(id: string): Promise<void> {
    const preflight = await this.begin(id);
    if (preflight === null) return;
    const { computeEnvironmentId, checks, region } = preflight.request;
    const environments = await this.environments.list(computeEnvironmentId);
    await this.progress(id, { environmentsTotal: environments.length, environmentsDone: 0 });

    const sections: PreflightSection[] = [];
    if (checks.includes('iam')) {
      for (const group of iamGroups(environments, computeEnvironmentId === null ? region : null)) {
        if (!(await this.progress(id, {}))) return;
        const of = { check: 'iam' as const, computeEnvironments: group.environments.map(reference), iam: null };
        sections.push(
          await this.iam.section(group, preflight.request).catch((error: unknown) => this.broken(of, error)),
        );
      }
    }
    const others = checks.filter((check) => check !== 'iam');
    for (const [done, environment] of environments.entries()) {
      sections.push(...(await this.sectionsOf(environment, others)));
      if (!(await this.progress(id, { environmentsDone: done + 1 }))) return;
    }
    if (environments.length === 0) sections.push(...others.map(nothingThere));
    await this.finish(preflight, sections);
  }

  /** Those whose runner has fallen silent, because it was killed, begin again. */
  async takeOver(): Promise<void> {
    const silent: { id: string }[] = await this.database.manager.query(
      `select id from preflights
        where status in ('pending', 'running') and updated_at < now() - make_interval(mins => $1)`,
      [SILENT_MINUTES],
    );
    for (const { id } of silent) await this.tasks.enqueue(RUN_PREFLIGHT, { id }, { jobKey: `${RUN_PREFLIGHT} ${id}` });
  }

  private async sectionsOf(
    environment: PreflightEnvironment,
    checks: readonly PreflightCheck[],
  ): Promise<PreflightSection[]> {
    const looks = new Map<PreflightCheck, Look[]>(checks.map((check) => [check, []]));
    for (const source of this.sources) {
      const asked = source.checks.filter((check) => checks.includes(check));
      if (asked.length === 0) continue;
      let found: Partial<Record<PreflightCheck, Look>>;
      try {
        found = await source.look(environment);
      } catch (error) {
        const look = this.lookOf(error);
        found = Object.fromEntries(asked.map((check) => [check, look]));
      }
      for (const check of asked) if (found[check] !== undefined) looks.get(check)!.push(found[check]);
    }
    return [...looks].map(([check, each]) => toSection(check, environment, each));
  }

  /** null: it is over, or was cancelled. */
  private async begin(id: string): Promise<Preflight | null> {
    return this.database.transaction(async () => {
      const preflight = await this.database.repository(Preflight).findOneBy({ id, status: In(OPEN_PREFLIGHT) });
      if (preflight === null || !(await this.move(id, { status: 'running', startedAt: new Date() }))) return null;
      await this.operations.start(preflight.operationId);
      return preflight;
    });
  }

  /** False when it was cancelled meanwhile. */
  private async progress(id: string, counts: Partial<Preflight>): Promise<boolean> {
    return this.move(id, { ...counts, status: 'running' });
  }

  private async finish({ id, operationId }: Preflight, sections: PreflightSection[]): Promise<void> {
    await this.database.transaction(async () => {
      const verdict = sections.some(({ status }) => status === 'failed') ? 'failed' : 'passed';
      if (!(await this.move(id, { status: 'finished', verdict, sections, finishedAt: new Date() }))) return;
      const count = (status: string): number => sections.filter((section) => section.status === status).length;
      const result = { verdict, passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
      await this.operations.succeed(operationId, result);
    });
  }

  /** False when it is over. In the caller's transaction. */
  private async cancel(operationId: string): Promise<boolean> {
    const { affected } = await this.database
      .repository(Preflight)
      .update({ operationId, status: In(OPEN_PREFLIGHT) }, { status: 'cancelled', finishedAt: new Date() });
    return affected === 1 && (await this.operations.cancel(operationId));
  }

  private async move(id: string, changes: Partial<Preflight>): Promise<boolean> {
    const { affected } = await this.database.repository(Preflight).update({ id, status: In(OPEN_PREFLIGHT) }, changes);
    return affected === 1;
  }

  private broken(
    of: Pick<PreflightSection, 'check' | 'computeEnvironments' | 'iam'>,
    error: unknown,
  ): PreflightSection {
    const look = this.lookOf(error);
    if ('skipped' in look) return { ...of, status: 'skipped', reason: look.skipped, findings: [] };
    return { ...of, status: 'failed', reason: null, findings: look.findings };
  }

  private lookOf(error: unknown): Look {
    if (error instanceof AwsError) return { findings: [unasked(error)] };
    if (error instanceof DomainError && error.code === 'not-found') return { skipped: error.message };
    this.logger.error({ err: error as Error, msg: 'a check of a preflight failed' });
    const finding: Finding = {
      severity: 'error',
      code: 'check-not-made',
      message: `The check could not be made: ${(error as Error).message}.`,
      why: 'What it would have found is not known.',
      remedy: "Start the preflight again; if it stays, the server's log has the cause.",
    };
    return { findings: [finding] };
  }
}

function unasked({ code, message, action }: AwsError): Finding {
  return {
    severity: 'error',
    code,
    message,
    why: `Without the answer to ${action} this could not be checked.`,
    remedy: 'Mend what the message names, then start the preflight again.',
  };
}

const reference = ({ id, name }: PreflightEnvironment): { id: string; name: string } => ({ id, name });

function nothingThere(check: PreflightCheck): PreflightSection {
  const reason = 'No compute environment is registered.';
  return { check, status: 'skipped', reason, computeEnvironments: [], findings: [], iam: null };
}
