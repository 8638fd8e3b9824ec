import { Injectable } from '@nestjs/common';
import { newId } from '../../protocol/ids.js';
import { BackgroundTasks } from '../background/background-tasks.js';
import { DomainError, invalidField } from '../common/domain-error.js';
import type { Page } from '../common/page.dto.js';
import { paginate } from '../common/paging.js';
import { Waiter } from '../common/wait.js';
import { Database } from '../database/database.js';
import type { OperationDto } from '../operations/dto/operation.dto.js';
import { OperationsService } from '../operations/operations.service.js';
import type { CreatePreflightDto } from './dto/create-preflight.dto.js';
import { PREFLIGHT_SORT, type PreflightQueryDto } from './dto/preflight-query.dto.js';
import {
  type PreflightDto,
  type PreflightSummaryDto,
  toPreflightDto,
  toPreflightSummaryDto,
} from './dto/preflight.dto.js';
import { Preflight } from './preflight.entity.js';
import { PreflightEnvironments } from './preflight-environments.js';
import type { PreflightRequest } from './preflight-request.js';
import { RUN_PREFLIGHT } from './preflight-runner.js';
import { PREFLIGHT_CHECKS } from './preflight-section.js';
import { OPEN_PREFLIGHT } from './preflight-status.js';

/** Preflights as users start and read them; `PreflightRunner` makes them. */
@Injectable()
export class PreflightsService {
  constructor(
    private readonly database: Database,
    private readonly operations: OperationsService,
    private readonly tasks: BackgroundTasks,
    private readonly waiter: Waiter,
    private readonly environments: PreflightEnvironments,
  ) {}

  /** Throws `operation-in-progress` while one of the same scope is under way. Call it in a transaction. */
  async start(input: CreatePreflightDto): Promise<OperationDto> {
    const { computeEnvironmentId = null, checks, functionalities } = input;
    if (computeEnvironmentId !== null && (await this.environments.list(computeEnvironmentId)).length === 0)
      throw invalidField(
        '/computeEnvironmentId',
        `There is no compute environment ${computeEnvironmentId}.`,
        'not-found',
      );
    const request: PreflightRequest = {
      computeEnvironmentId,
      checks: checks?.length ? PREFLIGHT_CHECKS.filter((check) => checks.includes(check)) : [...PREFLIGHT_CHECKS],
      principalArn: input.principalArn ?? null,
      functionalities: functionalities?.length ? [...new Set(functionalities)] : null,
      region: input.region ?? null,
    };
    const id = newId('preflight');
    const operationId = await this.operations.open({ type: 'preflight', resourceType: 'preflight', resourceId: id });
    const scope = computeEnvironmentId ?? 'all';
    const inserted: unknown[] = await this.database.manager.query(
      `insert into preflights (id, version, operation_id, scope, request) values ($1, 1, $2, $3, $4)
       on conflict (scope) where status in ('pending', 'running') do nothing returning id`,
      [id, operationId, scope, JSON.stringify(request)],
    );
    if (inserted.length === 0) {
      const other = await this.database
        .repository(Preflight)
        .findOneBy(OPEN_PREFLIGHT.map((status) => ({ scope, status })));
      const what = scope === 'all' ? 'all environments' : scope;
      throw new DomainError(
        'operation-in-progress',
        `Operation ${other?.operationId ?? '(just finished)'} (preflight of ${what}) is still at work; wait for it, or cancel it.`,
      );
    }
    await this.tasks.enqueue(RUN_PREFLIGHT, { id }, { jobKey: `${RUN_PREFLIGHT} ${id}` });
    return this.operations.find(operationId);
  }

  async list(query: PreflightQueryDto): Promise<Page<PreflightSummaryDto>> {
    const builder = this.database.repository(Preflight).createQueryBuilder('preflight');
    if (query.status !== undefined) builder.andWhere('preflight.status = :status', { status: query.status });
    if (query.verdict !== undefined) builder.andWhere('preflight.verdict = :verdict', { verdict: query.verdict });
    if (query.computeEnvironmentId !== undefined)
      builder.andWhere('preflight.scope = :scope', { scope: query.computeEnvironmentId });
    return paginate(builder, query, {
      sortable: PREFLIGHT_SORT,
      defaultSort: '-createdAt',
      map: toPreflightSummaryDto,
    });
  }

  /** Honours `?wait`: answers when the report is there. */
  async get(id: string): Promise<PreflightDto> {
    const { operationId } = await this.find(id);
    const read = async (): Promise<PreflightDto> => toPreflightDto(await this.find(id));
    return this.waiter.wait('operation', operationId, read, ({ status }) => !OPEN_PREFLIGHT.includes(status));
  }

  private async find(id: string): Promise<Preflight> {
    const preflight = await this.database.repository(Preflight).findOneBy({ id });
    if (preflight === null) throw new DomainError('not-found', `There is no preflight ${id}.`);
    return preflight;
  }
}
