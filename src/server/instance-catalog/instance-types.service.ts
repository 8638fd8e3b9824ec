import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/domain-error.js';
import type { Page } from '../common/page.dto.js';
import { paginate } from '../common/paging.js';
import { Database } from '../database/database.js';
import { CompatibilityGroupsService } from './compatibility-groups.service.js';
import { INSTANCE_TYPE_SORT, type InstanceTypeQueryDto } from './dto/instance-type-query.dto.js';
import { type InstanceTypeDto, toInstanceTypeDto } from './dto/instance-type.dto.js';
import { InstanceTypeRow } from './instance-type.entity.js';

/** The catalogue, for people. */
@Injectable()
export class InstanceTypesService {
  constructor(
    private readonly database: Database,
    private readonly groups: CompatibilityGroupsService,
  ) {}

  async list(query: InstanceTypeQueryDto): Promise<Page<InstanceTypeDto>> {
    const builder = this.database.repository(InstanceTypeRow).createQueryBuilder('type');
    const { family, architecture, gpuModel, currentGeneration, compatibilityGroupId } = query;
    if (family !== undefined) builder.andWhere('type.family = :family', { family });
    if (architecture !== undefined) builder.andWhere('type.architecture = :architecture', { architecture });
    if (gpuModel !== undefined) builder.andWhere(`type.gpu ->> 'model' = :gpuModel`, { gpuModel });
    if (currentGeneration !== undefined)
      builder.andWhere('type.currentGeneration = :currentGeneration', { currentGeneration });
    if (compatibilityGroupId !== undefined) {
      const members = await this.groups.membersOf(compatibilityGroupId, '?compatibilityGroupId');
      builder.andWhere('type.id = any(:members)', { members });
    }
    const groupsOf = await this.groups.byInstanceType();
    return paginate(builder, query, {
      sortable: INSTANCE_TYPE_SORT,
      defaultSort: 'instanceType',
      map: (row) => toInstanceTypeDto(row, groupsOf(row.id)),
    });
  }

  async read(instanceType: string): Promise<InstanceTypeDto> {
    const row = await this.database.repository(InstanceTypeRow).findOneBy({ id: instanceType });
    if (row === null) throw new DomainError('not-found', `There is no instance type ${instanceType} in the catalogue.`);
    const groupsOf = await this.groups.byInstanceType();
    return toInstanceTypeDto(row, groupsOf(row.id));
  }
}
