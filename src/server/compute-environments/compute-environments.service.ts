import { Injectable } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { newId } from '../../protocol/ids.js';
import type { PolicyOverride } from '../../protocol/policy.js';
import { DomainError, invalidField } from '../common/domain-error.js';
import { type IfMatchVersions, lockForUpdate } from '../common/etag.js';
import { list } from '../common/finding.js';
import { patchLabels } from '../common/labels.js';
import { mergePatch } from '../common/merge-patch.js';
import type { Page } from '../common/page.dto.js';
import { paginate } from '../common/paging.js';
import { Database } from '../database/database.js';
import { checkPolicy } from '../settings/policy-rules.js';
import { SettingsService } from '../settings/settings.service.js';
import { StorageService } from '../storage/storage.service.js';
import { awsAccessOf, ComputeEnvironment } from './compute-environment.entity.js';
import { COMPUTE_ENVIRONMENT_SORT, type ComputeEnvironmentQueryDto } from './dto/compute-environment-query.dto.js';
import { type ComputeEnvironmentDto, toComputeEnvironmentDto } from './dto/compute-environment.dto.js';
import type { CreateComputeEnvironmentDto } from './dto/create-compute-environment.dto.js';
import type { UpdateComputeEnvironmentDto } from './dto/update-compute-environment.dto.js';
import { EnvironmentHosts } from './environment-hosts.js';
import { type AccessPatch, EnvironmentLinks, namedEnvironment, patchedAccess, UNLINKED } from './environment-link.js';

@Injectable()
export class ComputeEnvironmentsService {
  constructor(
    private readonly database: Database,
    private readonly settings: SettingsService,
    private readonly storages: StorageService,
    private readonly hosts: EnvironmentHosts,
    private readonly links: EnvironmentLinks,
  ) {}

  async list(query: ComputeEnvironmentQueryDto): Promise<Page<ComputeEnvironmentDto>> {
    const builder = this.database.repository(ComputeEnvironment).createQueryBuilder('environment');
    if (query.name !== undefined) builder.andWhere('environment.name = :name', { name: query.name });
    if (query.storageId !== undefined)
      builder.andWhere('environment.storageId = :storageId', { storageId: query.storageId });
    const system = await this.settings.policy();
    const map = (row: ComputeEnvironment): ComputeEnvironmentDto => toComputeEnvironmentDto(row, system);
    return paginate(builder, query, { sortable: COMPUTE_ENVIRONMENT_SORT, defaultSort: '-createdAt', map });
  }

  async get(id: string): Promise<ComputeEnvironmentDto> {
    return this.shown(await this.find(id));
  }

  async create(input: CreateComputeEnvironmentDto): Promise<ComputeEnvironmentDto> {
    const { storageId = null, instanceTypes = [], policy = {}, labels = {} } = input;
    const { name, access } = namedEnvironment(input);
    checkPolicy(policy, '/policy');
    const environments = this.database.repository(ComputeEnvironment);
    const taken = await environments.findOneBy({ name });
    if (taken !== null) {
      const detail = `Compute environment ${name} is registered already: ${taken.id}. Change that one with PATCH.`;
      throw new DomainError('name-taken', detail, { errors: [{ pointer: '/name', code: 'taken', detail }] });
    }
    if (storageId !== null) await this.storages.findUsable(storageId, 'checkpoint', '/storageId');
    if (access !== null && instanceTypes.length > 0) throw instanceTypesAreFromAws();
    const link =
      access === null ? UNLINKED : await this.links.make(access, input.arn ?? name, input.arn ? '/arn' : '/name');
    const environment = environments.create({
      id: newId('computeEnvironment'),
      name,
      storageId,
      ...link,
      instanceTypes: link.aws?.instanceTypes ?? instanceTypes,
      policy: mergePatch({}, policy) as PolicyOverride,
      labels,
    });
    return this.shown(await environments.save(environment));
  }

  async update(
    id: string,
    patch: UpdateComputeEnvironmentDto,
    ifMatch: IfMatchVersions,
  ): Promise<ComputeEnvironmentDto> {
    const environment = await lockForUpdate(this.database, ComputeEnvironment, id, ifMatch);
    if (environment === undefined) throw noSuchEnvironment(id);
    if (patch.policy) checkPolicy(patch.policy, '/policy');
    if (patch.storageId) await this.storages.findUsable(patch.storageId, 'checkpoint', '/storageId');
    if (patch.storageId !== undefined) environment.storageId = patch.storageId;
    if (patch.instanceTypes !== undefined) environment.instanceTypes = patch.instanceTypes;
    if (patch.policy !== undefined)
      environment.policy = patch.policy === null ? {} : mergePatch(environment.policy, patch.policy);
    environment.labels = patchLabels(environment.labels, patch.labels);
    await this.relink(environment, patch);
    if (patch.eventsQueueUrl !== undefined) setEventsQueue(environment, patch.eventsQueueUrl);
    else if (environment.region === null) environment.eventsQueueUrl = null;
    return this.shown(await this.database.repository(ComputeEnvironment).save(environment));
  }

  /** Its hosts stay, without an environment. */
  async remove(id: string, force: boolean, ifMatch: IfMatchVersions): Promise<void> {
    const environment = await lockForUpdate(this.database, ComputeEnvironment, id, ifMatch);
    if (environment === undefined) throw noSuchEnvironment(id);
    const { jobIds, count } = await this.hosts.runningJobs(environment);
    if (count > 0 && !force) {
      const more = count > jobIds.length ? ` (and ${count - jobIds.length} more)` : '';
      throw new DomainError(
        'in-use',
        `Jobs are running in ${environment.name} and would lose their protection: ${list(jobIds)}${more}. Wait for them, or repeat with ?force=true.`,
      );
    }
    await this.database.repository(ComputeEnvironment).delete({ id });
  }

  /** Throws `not-found`. */
  async find(id: string): Promise<ComputeEnvironment> {
    const row = await this.database.repository(ComputeEnvironment).findOneBy({ id });
    if (row === null) throw noSuchEnvironment(id);
    return row;
  }

  /** Reads AWS anew when it is to be asked in another way; without a region the instance types stay as they were. */
  private async relink(
    environment: ComputeEnvironment,
    patch: AccessPatch & { instanceTypes?: string[] },
  ): Promise<void> {
    const access = patchedAccess(environment, patch);
    if (access !== null && patch.instanceTypes !== undefined) throw instanceTypesAreFromAws();
    if (isDeepStrictEqual(access, awsAccessOf(environment))) return;
    Object.assign(environment, access === null ? UNLINKED : await this.links.make(access, environment.name, '/region'));
    environment.instanceTypes = environment.aws?.instanceTypes ?? environment.instanceTypes;
  }

  private async shown(row: ComputeEnvironment): Promise<ComputeEnvironmentDto> {
    return toComputeEnvironmentDto(row, await this.settings.policy());
  }
}

function noSuchEnvironment(id: string): DomainError {
  return new DomainError('not-found', `There is no compute environment ${id}.`);
}

function instanceTypesAreFromAws(): DomainError {
  return invalidField(
    '/instanceTypes',
    'instanceTypes come from AWS Batch where the environment has a region; change them there, or leave them out.',
    'from-aws',
  );
}

function setEventsQueue(environment: ComputeEnvironment, url: string | null): void {
  if (url !== null && environment.region === null) {
    const detail = `${environment.name} has no region, in which the queue is asked for. Set region first.`;
    throw invalidField('/eventsQueueUrl', detail, 'no-region');
  }
  environment.eventsQueueUrl = url;
}
