import { Injectable } from '@nestjs/common';
import { CompatibilityCheck } from '../../instance-catalog/compatibility-check.js';
import { QuotaCheck } from '../../quotas/quota-check.js';
import type { CheckedEnvironment, EnvironmentCheck } from '../environment-check.js';
import type { EnvironmentFinding } from '../environment-finding.js';

/** Whether the account's Spot quotas have room for the instance a job leaves and the one it goes on on. */
@Injectable()
export class SpotQuotaCheck implements EnvironmentCheck {
  readonly subject = 'the Spot quotas of its instance types';

  constructor(
    private readonly catalogue: CompatibilityCheck,
    private readonly quotas: QuotaCheck,
  ) {}

  async findings({ instanceTypes, access, aws }: CheckedEnvironment): Promise<EnvironmentFinding[]> {
    // On-Demand instances count against other quotas.
    if (access === null || (aws !== null && aws.resourceType !== 'SPOT')) return [];
    return this.quotas.findings(access, await this.catalogue.expand(instanceTypes));
  }
}
