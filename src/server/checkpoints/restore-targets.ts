import { Injectable } from '@nestjs/common';
import { ComputeEnvironmentsService } from '../compute-environments/compute-environments.service.js';
import { HostsService } from '../hosts/hosts.service.js';
import { CompatibilityCheck } from '../instance-catalog/compatibility-check.js';
import { CompatibilityGroupsService } from '../instance-catalog/compatibility-groups.service.js';
import { CheckpointReader } from './checkpoint-reader.js';
import type { RestoreTargetQueryDto } from './dto/restore-target-query.dto.js';
import type { RestoreTargetPageDto } from './dto/restore-target.dto.js';
import { type CommittedCheckpoint, imageNeeds, restoreObstacles } from './restore-obstacles.js';
import { type TypeTarget, typeTarget } from './type-target.js';

/** Where an image can go: hosts there are, and instance types there may be hosts of. */
@Injectable()
export class RestoreTargets {
  constructor(
    private readonly checkpoints: CheckpointReader,
    private readonly hosts: HostsService,
    private readonly environments: ComputeEnvironmentsService,
    private readonly compatibility: CompatibilityCheck,
    private readonly groups: CompatibilityGroupsService,
  ) {}

  async list(id: string, query: RestoreTargetQueryDto): Promise<RestoreTargetPageDto> {
    const checkpoint = await this.checkpoints.committed(id);
    const asked = await this.askedFor(query);
    const page = await this.hosts.pageOfViews(
      query,
      (host) => {
        const obstacles = restoreObstacles(checkpoint, host);
        return {
          hostId: host.id,
          hostName: host.name,
          instanceType: host.facts.instance?.instanceType ?? null,
          hostStatus: host.status,
          suitable: obstacles.length === 0,
          obstacles,
        };
      },
      { instanceTypes: asked },
    );
    if (query.pageToken !== undefined) return { ...page, instanceTypes: [] };
    const names = asked ?? (await this.allowedFor(checkpoint));
    return { ...page, instanceTypes: await this.typeTargets(checkpoint, names) };
  }

  /** The types the query is about; undefined: it names none. */
  private async askedFor(query: RestoreTargetQueryDto): Promise<string[] | undefined> {
    const { instanceType, compatibilityGroupId } = query;
    if (compatibilityGroupId === undefined) return instanceType === undefined ? undefined : [instanceType];
    const members = await this.groups.membersOf(compatibilityGroupId, '?compatibilityGroupId');
    return instanceType === undefined ? members : members.filter((member) => member === instanceType);
  }

  /** What the environment of the image's host may launch; the host's own type where it has none. */
  private async allowedFor({ hostId, hostFacts }: CommittedCheckpoint): Promise<string[]> {
    const host = await this.hosts.find(hostId);
    const environmentId = host?.computeEnvironmentId ?? null;
    const allowed = environmentId === null ? [] : (await this.environments.find(environmentId)).instanceTypes;
    if (allowed.length > 0 || hostFacts.instance === null) return allowed;
    return [hostFacts.instance.instanceType];
  }

  private async typeTargets(checkpoint: CommittedCheckpoint, names: string[]): Promise<TypeTarget[]> {
    const types = await this.compatibility.expand(names);
    const measured = await this.hosts.measuredByInstanceType(types.map((type) => type.instanceType));
    const groupsOf = await this.groups.byInstanceType();
    const from = checkpoint.hostFacts.instance?.instanceType;
    const ofImage = new Set(from === undefined ? [] : groupsOf(from));
    const image = imageNeeds(checkpoint);
    return types.map((type) => {
      const sharesGroup = groupsOf(type.instanceType).some((group) => ofImage.has(group));
      return typeTarget(image, type, measured.get(type.instanceType) ?? [], sharesGroup);
    });
  }
}
