import { Injectable } from '@nestjs/common';
import { newId } from '../../protocol/ids.js';
import { DomainError } from '../common/domain-error.js';
import { type IfMatchVersions, lockForUpdate } from '../common/etag.js';
import { patchLabels } from '../common/labels.js';
import type { Page } from '../common/page.dto.js';
import { paginate } from '../common/paging.js';
import { validationFailed } from '../common/validation.js';
import { Database } from '../database/database.js';
import { CatalogueStore } from './catalogue-store.js';
import { CompatibilityGroup } from './compatibility-group.entity.js';
import { COMPATIBILITY_GROUP_SORT, type CompatibilityGroupQueryDto } from './dto/compatibility-group-query.dto.js';
import { type CompatibilityGroupDto, toCompatibilityGroupDto } from './dto/compatibility-group.dto.js';
import type { CreateCompatibilityGroupDto } from './dto/create-compatibility-group.dto.js';
import type { UpdateCompatibilityGroupDto } from './dto/update-compatibility-group.dto.js';
import type { Group } from './group-findings.js';
import { groupProblems } from './group-members.js';

/** The built-in groups and the users' own. */
@Injectable()
export class CompatibilityGroupsService {
  constructor(
    private readonly database: Database,
    private readonly store: CatalogueStore,
  ) {}

  async list(query: CompatibilityGroupQueryDto): Promise<Page<CompatibilityGroupDto>> {
    const builder = this.database.repository(CompatibilityGroup).createQueryBuilder('group');
    const { name, builtIn, instanceType } = query;
    if (name !== undefined) builder.andWhere('group.name = :name', { name });
    if (builtIn !== undefined) builder.andWhere('group.builtIn = :builtIn', { builtIn });
    if (instanceType !== undefined)
      builder.andWhere('jsonb_exists(group.instanceTypes, :instanceType)', { instanceType });
    const catalogue = await this.store.read();
    return paginate(builder, query, {
      sortable: COMPATIBILITY_GROUP_SORT,
      defaultSort: 'name',
      map: (row) => toCompatibilityGroupDto(row, catalogue),
    });
  }

  async read(id: string): Promise<CompatibilityGroupDto> {
    const row = await this.database.repository(CompatibilityGroup).findOneBy({ id });
    if (row === null) throw notFound(id);
    return toCompatibilityGroupDto(row, await this.store.read());
  }

  async create(input: CreateCompatibilityGroupDto): Promise<CompatibilityGroupDto> {
    await this.refuseTakenName(input.name);
    const row = this.database.repository(CompatibilityGroup).create({
      id: newId('compatibilityGroup'),
      name: input.name,
      description: input.description ?? null,
      builtIn: false,
      source: null,
      instanceTypes: input.instanceTypes,
      labels: input.labels ?? {},
    });
    return this.save(row);
  }

  async update(
    id: string,
    input: UpdateCompatibilityGroupDto,
    ifMatch: IfMatchVersions,
  ): Promise<CompatibilityGroupDto> {
    const row = await this.lockOwn(id, ifMatch);
    if (input.name !== undefined && input.name !== row.name) await this.refuseTakenName(input.name);
    row.name = input.name ?? row.name;
    if (input.description !== undefined) row.description = input.description;
    row.instanceTypes = input.instanceTypes ?? row.instanceTypes;
    row.labels = patchLabels(row.labels, input.labels);
    return this.save(row);
  }

  async remove(id: string, ifMatch: IfMatchVersions): Promise<void> {
    await this.lockOwn(id, ifMatch);
    await this.database.repository(CompatibilityGroup).delete(id);
  }

  /** Built-in ones first, then in the order they were made. */
  async all(): Promise<Group[]> {
    const order = { builtIn: 'DESC', id: 'ASC' } as const;
    return this.database.repository(CompatibilityGroup).find({ order });
  }

  /** The types of a group that a request names; `pointer` says where. */
  async membersOf(id: string, pointer: string): Promise<string[]> {
    const row = await this.database.repository(CompatibilityGroup).findOneBy({ id });
    if (row !== null) return row.instanceTypes;
    throw validationFailed([{ pointer, code: 'not-found', detail: `There is no compatibility group ${id}.` }]);
  }

  /** Ids of the groups of a type. */
  async byInstanceType(): Promise<(instanceType: string) => string[]> {
    const groups = (await this.all()).map(({ id, instanceTypes }) => ({ id, members: new Set(instanceTypes) }));
    return (type) => groups.filter(({ members }) => members.has(type)).map(({ id }) => id);
  }

  private async save(row: CompatibilityGroup): Promise<CompatibilityGroupDto> {
    const catalogue = await this.store.read();
    const problems = groupProblems(row.instanceTypes, catalogue);
    if (problems.length > 0) throw validationFailed(problems);
    return toCompatibilityGroupDto(await this.database.repository(CompatibilityGroup).save(row), catalogue);
  }

  private async lockOwn(id: string, ifMatch: IfMatchVersions): Promise<CompatibilityGroup> {
    const row = await lockForUpdate(this.database, CompatibilityGroup, id, ifMatch);
    if (row === undefined) throw notFound(id);
    if (!row.builtIn) return row;
    throw new DomainError(
      'built-in-group',
      `Compatibility group ${row.name} is built in; make one of your own with the types you want (POST /api/v1/compatibility-groups).`,
    );
  }

  private async refuseTakenName(name: string): Promise<void> {
    const taken = await this.database.repository(CompatibilityGroup).findOneBy({ name });
    if (taken === null) return;
    const detail = `There is a compatibility group named ${name} already: ${taken.id}.`;
    throw new DomainError('name-taken', detail, { errors: [{ pointer: '/name', code: 'taken', detail }] });
  }
}

function notFound(id: string): DomainError {
  return new DomainError('not-found', `There is no compatibility group ${id}.`);
}
