import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { OPERATION_TRANSITIONS, type OperationStatus, statesLeadingTo } from '../../protocol/checkpoint-state.js';
import type { Failure } from '../../protocol/failure.js';
import { newId } from '../../protocol/ids.js';
import { ChangeNotifier } from '../common/change-notifier.js';
import { DomainError } from '../common/domain-error.js';
import type { Page } from '../common/page.dto.js';
import { paginate } from '../common/paging.js';
import { Waiter } from '../common/wait.js';
import { Database } from '../database/database.js';
import { OPERATION_SORT, type OperationQueryDto } from './dto/operation-query.dto.js';
import { type OperationDto, toOperationDto } from './dto/operation.dto.js';
import { Operation } from './operation.entity.js';
import type { OperationResource, OperationType } from './operation-type.js';

export interface OpenOperation {
  type: OperationType;
  resourceType: OperationResource;
  resourceId: string;
}

const OPEN: OperationStatus[] = ['pending', 'running'];

/**
 * Long-running requests and their outcomes. The features open, start and finish operations, in their own transactions;
 * each step is a conditional update that returns whether it changed anything: only the first of its kind does.
 */
@Injectable()
export class OperationsService {
  constructor(
    private readonly database: Database,
    private readonly notifier: ChangeNotifier,
    private readonly waiter: Waiter,
  ) {}

  /** Throws `operation-in-progress` when one of this type is already open on the resource. Call it in a transaction. */
  async open({ type, resourceType, resourceId }: OpenOperation): Promise<string> {
    const id = newId('operation');
    const rows: unknown[] = await this.database.manager.query(
      `insert into operations (id, version, type, resource_type, resource_id) values ($1, 1, $2, $3, $4)
       on conflict (type, resource_id) where status in ('pending', 'running') do nothing returning id`,
      [id, type, resourceType, resourceId],
    );
    if (rows.length === 0) {
      const other = await this.database.repository(Operation).findOneBy({ type, resourceId, status: In(OPEN) });
      throw new DomainError(
        'operation-in-progress',
        `Operation ${other?.id ?? '(just finished)'} (${type}) is still at work on ${resourceId}; wait for it, or cancel it.`,
      );
    }
    return id;
  }

  async start(id: string): Promise<boolean> {
    return this.move(id, 'running', { startedAt: new Date() });
  }

  async succeed(id: string, result: Record<string, unknown> | null = null): Promise<boolean> {
    return this.move(id, 'succeeded', { result, finishedAt: new Date() });
  }

  async fail(id: string, failure: Failure): Promise<boolean> {
    return this.move(id, 'failed', { failure, finishedAt: new Date() });
  }

  async cancel(id: string): Promise<boolean> {
    return this.move(id, 'cancelled', { finishedAt: new Date() });
  }

  async list(query: OperationQueryDto): Promise<Page<OperationDto>> {
    const builder = this.database.repository(Operation).createQueryBuilder('operation');
    if (query.status) builder.andWhere('operation.status = :status', { status: query.status });
    if (query.type) builder.andWhere('operation.type = :type', { type: query.type });
    if (query.resourceId) builder.andWhere('operation.resourceId = :resourceId', { resourceId: query.resourceId });
    return paginate(builder, query, { sortable: OPERATION_SORT, defaultSort: '-createdAt', map: toOperationDto });
  }

  /** Honours `?wait`: answers when the operation is over. */
  async get(id: string): Promise<OperationDto> {
    return this.waiter.wait(
      'operation',
      id,
      () => this.find(id),
      (now) => !OPEN.includes(now.status),
    );
  }

  async find(id: string): Promise<OperationDto> {
    const row = await this.database.repository(Operation).findOneBy({ id });
    if (row === null) throw new DomainError('not-found', `There is no operation ${id}.`);
    return toOperationDto(row);
  }

  private async move(id: string, to: OperationStatus, changes: Partial<Operation>): Promise<boolean> {
    const { affected } = await this.database
      .repository(Operation)
      .createQueryBuilder()
      .update()
      .set({ ...changes, status: to } as never)
      .where({ id, status: In(statesLeadingTo(OPERATION_TRANSITIONS, to)) })
      .execute();
    if (affected === 0) return false;
    await this.notifier.notify('operation', id);
    return true;
  }
}
