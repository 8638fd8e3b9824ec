import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import type { Page } from '../common/page.dto.js';
import { paginate } from '../common/paging.js';
import { Waiter } from '../common/wait.js';
import { Database } from '../database/database.js';
import { JobsService } from '../jobs/jobs.service.js';
import { RESTORE_SORT, type RestoreQueryDto } from './dto/restore-query.dto.js';
import { type RestoreDto, toRestoreDto } from './dto/restore.dto.js';
import { Restore } from './restore.entity.js';

@Injectable()
export class RestoreReader {
  constructor(
    private readonly database: Database,
    private readonly waiter: Waiter,
    private readonly jobs: JobsService,
  ) {}

  async list(query: RestoreQueryDto): Promise<Page<RestoreDto>> {
    const builder = this.database.repository(Restore).createQueryBuilder('restore');
    const jobId = query.jobId === undefined ? undefined : (await this.jobs.find(query.jobId)).id;
    const { status, trigger, hostId, checkpointId } = query;
    for (const [name, value] of Object.entries({ jobId, status, trigger, hostId, checkpointId })) {
      if (value !== undefined) builder.andWhere(`restore.${name} = :${name}`, { [name]: value });
    }
    return paginate(builder, query, { sortable: RESTORE_SORT, defaultSort: '-createdAt', map: toRestoreDto });
  }

  /** Honours `?wait`: answers when the restore is over. */
  async get(id: string): Promise<RestoreDto> {
    const read = async (): Promise<RestoreDto> => {
      const row = await this.database.repository(Restore).findOneBy({ id });
      if (row === null) throw new DomainError('not-found', `There is no restore ${id}.`);
      return toRestoreDto(row);
    };
    return this.waiter.wait('restore', id, read, ({ status }) => status === 'succeeded' || status === 'failed');
  }
}
