import { Injectable } from '@nestjs/common';
import { CompatibilityGroupsService } from './compatibility-groups.service.js';
import { CatalogueStore } from './catalogue-store.js';
import { type GroupFinding, groupFindings } from './group-findings.js';
import type { InstanceType } from './instance-type.js';

/** What other features ask of instance types and groups. */
@Injectable()
export class CompatibilityCheck {
  constructor(
    private readonly store: CatalogueStore,
    private readonly groups: CompatibilityGroupsService,
  ) {}

  /** Do these types, families and words of AWS Batch form one compatibility group? Empty: nothing against it. */
  async findings(instanceTypes: readonly string[]): Promise<GroupFinding[]> {
    return groupFindings(instanceTypes, await this.groups.all(), await this.store.read());
  }

  /** The types these names stand for; those that name none are left out. */
  async expand(instanceTypes: readonly string[]): Promise<InstanceType[]> {
    return (await this.store.read()).expand(instanceTypes).types;
  }
}
